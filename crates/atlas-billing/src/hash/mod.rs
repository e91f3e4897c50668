//! The two hashes that HTTP Digest asks for. Written out here, since the crates that offer them
//! would be eight more for every program to build, and no secret is stored or compared by them.

mod blocks;
mod md5;
mod sha256;

pub(crate) use md5::md5;
pub(crate) use sha256::sha256;
