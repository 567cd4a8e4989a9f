//! Phasors and symmetrical components.
//!
//! In: magnitudes and angles of three phases. Out: the magnitudes of the positive, negative and
//! zero sequence. Source: C. L. Fortescue 1918; IEC 61000-4-30:2015, 5.7. A mathematically
//! positive angle is one of lead.

use std::ops::Add;

/// A magnitude with an angle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Phasor {
    real: f64,
    imaginary: f64,
}

impl Phasor {
    /// The phasor of an r.m.s. magnitude and an angle in degrees.
    #[must_use]
    pub fn new(magnitude: f64, degrees: f64) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Self { real: magnitude * cos, imaginary: magnitude * sin }
    }

    /// The r.m.s. magnitude.
    #[must_use]
    pub fn magnitude(self) -> f64 {
        self.real.hypot(self.imaginary)
    }

    /// The angle. **Unit** degrees. **Range** −180 to 180.
    #[must_use]
    pub fn degrees(self) -> f64 {
        self.imaginary.atan2(self.real).to_degrees()
    }

    /// The same phasor turned by `degrees`.
    #[must_use]
    pub fn turned(self, degrees: f64) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Self {
            real: self.real * cos - self.imaginary * sin,
            imaginary: self.real * sin + self.imaginary * cos,
        }
    }
}

impl Add for Phasor {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { real: self.real + other.real, imaginary: self.imaginary + other.imaginary }
    }
}

/// Magnitudes of the symmetrical components, in the unit of the phasors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Components {
    /// Positive sequence.
    pub positive: f64,
    /// Negative sequence.
    pub negative: f64,
    /// Zero sequence.
    pub zero: f64,
}

impl Components {
    /// Negative over positive sequence (u2, i2). **Unit** percent; `None` without a positive one.
    #[must_use]
    pub fn negative_pct(&self) -> Option<f64> {
        (self.positive > 0.0).then(|| 100.0 * self.negative / self.positive)
    }

    /// Zero over positive sequence (u0, i0). **Unit** percent; `None` without a positive one.
    #[must_use]
    pub fn zero_pct(&self) -> Option<f64> {
        (self.positive > 0.0).then(|| 100.0 * self.zero / self.positive)
    }
}

/// Symmetrical components of three phasors in the order L1, L2, L3.
#[must_use]
pub fn components([one, two, three]: [Phasor; 3]) -> Components {
    let third = |sum: Phasor| sum.magnitude() / 3.0;
    Components {
        positive: third(one + two.turned(120.0) + three.turned(240.0)),
        negative: third(one + two.turned(240.0) + three.turned(120.0)),
        zero: third(one + two + three),
    }
}

/// Magnitude of the difference of two phasors `degrees` apart: the law of cosines.
#[must_use]
pub fn difference(one: f64, two: f64, degrees: f64) -> f64 {
    let square = one * one + two * two - 2.0 * one * two * degrees.to_radians().cos();
    square.max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_phase_has_a_negative_sequence_of_half() {
        let phases = [Phasor::new(230.0, 0.0), Phasor::new(230.0, -120.0), Phasor::new(0.0, 120.0)];
        let components = components(phases);
        assert!((components.negative_pct().expect("a positive one") - 50.0).abs() < 1e-9);
        assert!((components.zero_pct().expect("a positive one") - 50.0).abs() < 1e-9);
    }

    #[test]
    fn a_symmetrical_system_is_all_positive() {
        let phases = [0.0, -120.0, 120.0].map(|degrees| Phasor::new(10.0, degrees));
        let components = components(phases);
        assert!((components.positive - 10.0).abs() < 1e-12);
        assert!(components.negative < 1e-12 && components.zero < 1e-12);
    }
}
