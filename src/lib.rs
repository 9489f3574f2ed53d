//! An article archive in which every footer is a proof.
pub mod add;
pub mod archive;
pub mod article;
pub mod audit;
pub mod blame;
pub mod branch;
pub mod canonical;
pub mod capture;
pub mod cited;
pub mod commonmark;
pub mod compare;
pub mod date;
pub mod diff;
pub mod difference;
pub mod draft;
pub mod editorial;
pub mod footer;
pub mod history;
pub mod id;
pub mod import;
pub mod index;
pub mod json;
pub mod language;
pub mod listing;
pub mod maintain;
pub mod mirror;
pub mod object;
pub mod page;
pub mod platform;
pub mod publisher;
pub mod quote;
pub mod report;
pub mod revision;
pub mod root_files;
pub mod settings;
pub mod signature;
pub mod slug;
pub mod storage;
pub mod swhid;
pub mod trailer;
pub mod verify;
pub mod words;

#[cfg(test)]
#[path = "../tests/support/packs.rs"]
mod packs;
