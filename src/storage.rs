//! The storage layer: git's files, read and written by code of our own; libgit2 only makes repositories and moves the
//! branch and other refs.

pub mod bases;
pub mod bits;
pub mod branch_list;
mod disposable;
pub mod fetch;
pub mod file;
pub mod finding;
pub mod fold;
pub mod git_caches;
pub mod index_file;
pub mod inventory;
pub mod layout;
pub mod line;
pub mod log_file;
pub mod loose;
pub mod objects;
pub mod pack;
pub mod pack_check;
pub mod pack_entry;
pub mod pack_index;
pub mod pack_index_writer;
pub mod pack_map;
pub mod pack_writer;
pub mod plumbing;
mod program;
pub mod reader;
pub mod refs;
pub mod remembered;
pub mod repository;
pub mod search_file;
pub mod sign;
pub mod texts_file;
pub mod timestamp;
pub mod verified;
pub mod witnessed;
pub mod words_file;
