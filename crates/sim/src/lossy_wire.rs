//! A line that loses, doubles and corrupts bytes, the same ones for the same seed.
//!
//! In: bytes. Out: what arrives of them.

/// How often each fault strikes a byte. **Range** 0 to 1 each.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Losses {
    /// The byte does not arrive.
    pub dropped: f64,
    /// The byte arrives twice.
    pub doubled: f64,
    /// One bit of the byte is flipped.
    pub corrupted: f64,
}

/// A bad line.
#[derive(Debug, Clone)]
pub struct LossyWire {
    random: fastrand::Rng,
    losses: Losses,
}

impl LossyWire {
    /// A line whose faults follow from the seed.
    #[must_use]
    pub fn new(seed: u64, losses: Losses) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self { random, losses }
    }

    /// What arrives of `bytes`.
    pub fn carry(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut arrived = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            // Each byte takes the same draws, whatever strikes it.
            let [drop, double, corrupt] = std::array::from_fn(|_| self.random.f64());
            let bit = self.random.u8(0..8);
            if drop < self.losses.dropped {
                continue;
            }
            let flip = if corrupt < self.losses.corrupted { 1 << bit } else { 0 };
            arrived.push(byte ^ flip);
            if double < self.losses.doubled {
                arrived.push(byte ^ flip);
            }
        }
        arrived
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_line_carries_everything() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(LossyWire::new(1, Losses::default()).carry(&bytes), bytes);
    }

    #[test]
    fn each_fault_strikes_as_often_as_it_should() {
        let bytes = vec![0x55; 100_000];
        let carry = |losses| LossyWire::new(9, losses).carry(&bytes);
        let tenth = 9_500..10_500;
        let dropped = carry(Losses { dropped: 0.1, ..Losses::default() });
        assert!(tenth.contains(&(100_000 - dropped.len())));
        let doubled = carry(Losses { doubled: 0.1, ..Losses::default() });
        assert!(tenth.contains(&(doubled.len() - 100_000)));
        let corrupted = carry(Losses { corrupted: 0.1, ..Losses::default() });
        let wrong: Vec<u8> = corrupted.into_iter().filter(|byte| *byte != 0x55).collect();
        assert!(tenth.contains(&wrong.len()));
        assert!(wrong.iter().all(|byte| (byte ^ 0x55).is_power_of_two()));
    }

    #[test]
    fn the_seed_decides_whatever_the_chunks() {
        let bytes: Vec<u8> = (0..200).collect();
        let losses = Losses { dropped: 0.1, doubled: 0.1, corrupted: 0.1 };
        let whole = LossyWire::new(3, losses).carry(&bytes);
        let mut wire = LossyWire::new(3, losses);
        let pieces: Vec<u8> = bytes.chunks(7).flat_map(|piece| wire.carry(piece)).collect();
        assert_eq!(whole, pieces);
        assert_ne!(whole, LossyWire::new(4, losses).carry(&bytes));
    }
}
