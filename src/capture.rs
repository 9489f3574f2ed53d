//! Captures: pages as somebody else kept them, each with the moment of its keeping. Here are the files that hold
//! them, read without believing what they say of their own sizes.

pub mod address;
pub mod charset;
pub mod http;
mod moment;
pub mod warc;
pub mod wayback;

pub use moment::Moment;
