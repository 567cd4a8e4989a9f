//! Randomness as a function of time: the same seed and instant always give the same value.
//!
//! In: a seed, a stream's number, an instant. Out: numbers in a stated range. Only exact IEEE 754
//! operations are used, so that every machine computes the same.

use reading::Timestamp;

/// A family of independent streams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noise {
    seed: u64,
}

impl Noise {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The same seed's family for another subject.
    pub(crate) const fn of(self, subject: u64) -> Self {
        Self { seed: mix(self.seed ^ subject.wrapping_mul(0x9E37_79B9_7F4A_7C15)) }
    }

    /// A number drawn for `index` of `stream`. **Range** 0 to 1, 1 excluded.
    pub(crate) fn draw(self, stream: u64, index: i64) -> f64 {
        let mixed = mix(self.of(stream).seed ^ mix(index.cast_unsigned()));
        // The upper 53 bits are exactly the integers that a double holds.
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A curve that meets a new random height every `period_s` seconds. **Range** −1 to 1.
    pub(crate) fn drift(self, stream: u64, at: Timestamp, period_s: i64) -> f64 {
        let period = period_s * 1_000_000;
        let index = at.as_micros().div_euclid(period);
        let fraction = at.as_micros().rem_euclid(period) as f64 / period as f64;
        let height = |index| 2.0 * self.draw(stream, index) - 1.0;
        let (from, to) = (height(index), height(index + 1));
        from + (to - from) * fraction * fraction * (3.0 - 2.0 * fraction)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_fill_their_range_evenly() {
        let noise = Noise::new(7);
        let mut tenths = [0; 10];
        for index in 0..10_000 {
            let drawn = noise.draw(1, index);
            let tenth = (1..10).filter(|tenth| drawn >= f64::from(*tenth) / 10.0);
            tenths[tenth.count()] += 1;
        }
        assert!(tenths.iter().all(|count| (850..1150).contains(count)), "{tenths:?}");
    }

    #[test]
    fn drift_is_continuous_and_differs_by_stream() {
        let noise = Noise::new(7);
        let at = Timestamp::from_micros;
        for second in 0..1000 {
            let (now, then) = (at(second * 1_000_000), at(second * 1_000_000 + 10_000));
            let step = noise.drift(1, now, 60) - noise.drift(1, then, 60);
            assert!(step.abs() < 0.001, "{second}: {step}");
        }
        assert_ne!(noise.drift(1, at(5), 60), noise.drift(2, at(5), 60));
        assert_ne!(noise.of(1).drift(1, at(5), 60), noise.of(2).drift(1, at(5), 60));
    }
}
