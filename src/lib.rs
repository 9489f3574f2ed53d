//! An article archive in which every footer is a proof.
pub mod article;
pub mod canonical;
pub mod commonmark;
pub mod date;
pub mod footer;
pub mod id;
pub mod json;
pub mod language;
pub mod object;
pub mod page;
pub mod settings;
pub mod slug;
pub mod trailer;
