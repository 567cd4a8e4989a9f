//! HTTP.
mod intake;
mod page;
mod problem;
mod serve;
pub use page::Asset;
pub use serve::serve;
