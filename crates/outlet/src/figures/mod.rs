//! What the analyses say about a meter, as one flat list under stable names.
//!
//! The counterpart of `reading`'s catalogue of quantities for results: every plug that has no room
//! for objects (Modbus registers, OPC UA nodes, fields of line protocol, Prometheus) tells these
//! rows, so that a result has one name, one unit and one meaning everywhere. In: the last
//! measurement of a meter and the site's loads. Out: for each row its value with method and time,
//! or the reason why there is none. Sources stand at the rows.

mod analysed;
mod catalogue;
mod point;

pub use catalogue::{FIGURES, FigureRow, Group};
pub use point::{Point, PointValue, SiteLoads, points};

#[cfg(test)]
mod tests;
