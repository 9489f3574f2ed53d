//! An article archive in which every footer is a proof.
pub mod date;
pub mod id;
pub mod slug;
