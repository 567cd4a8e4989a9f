//! What a serial receiver makes of a line whose settings are not its own.
//!
//! In: bytes, the settings of whoever sent them, the settings of whoever reads. Out: the bytes that
//! a UART would deliver. A pseudo-terminal knows neither bits nor parity, so this is how a wrong
//! baud rate or parity is tried. The line is sampled in the middle of each bit, as UARTs do; a byte
//! whose stop bit is missing is delivered as 0, as Linux does by default (termios(3), IGNPAR and
//! PARMRK unset); a byte of wrong parity likewise.

/// Settings of one end of a line; eight data bits, one stop bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uart {
    /// Bits per second.
    pub baud: u32,
    /// The parity bit after the data.
    pub parity: Parity,
}

/// The bit that makes the number of ones even or odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parity {
    /// No parity bit.
    None,
    /// An even number of ones.
    Even,
    /// An odd number of ones.
    Odd,
}

impl Uart {
    /// 2400 8E1, the customer interface's line.
    pub const CUSTOMER_INTERFACE: Self = Self { baud: 2400, parity: Parity::Even };

    /// What a receiver with these settings makes of `bytes` that came without pauses.
    #[must_use]
    pub fn receive(self, bytes: &[u8], sender: Self) -> Vec<u8> {
        let line = sender.line(bytes);
        let mut received = Vec::new();
        // Time is counted in 1/(baud × baud) seconds, in which both ends' bits are whole numbers.
        let (bit, sent_bit) = (u64::from(sender.baud), u64::from(self.baud));
        let level = |time: u64| {
            let index = usize::try_from(time / sent_bit).unwrap_or(usize::MAX);
            line.get(index).copied().unwrap_or(true)
        };
        let end = line.len() as u64 * sent_bit;
        let mut time = 0;
        while time < end {
            if level(time) {
                // Idle: the next falling edge is at one of the sender's bit borders.
                time = (time / sent_bit + 1) * sent_bit;
                continue;
            }
            let sample = |position: u64| level(time + position * bit + bit / 2);
            if sample(0) {
                time += bit / 2;
                continue;
            }
            let data = (0..8).fold(0_u8, |byte, n| byte | u8::from(sample(n + 1)) << n);
            let checked = self.parity.bit(data).is_none_or(|expected| sample(9) == expected);
            let stop = if self.parity == Parity::None { 9 } else { 10 };
            let whole = checked && sample(stop);
            received.push(if whole { data } else { 0 });
            time += stop * bit + bit / 2;
            // After a missing stop bit the line must rest before the next start bit counts.
            while time < end && !level(time) {
                time += bit;
            }
        }
        received
    }

    /// The line's levels, one for each bit that is sent.
    fn line(self, bytes: &[u8]) -> Vec<bool> {
        let mut line = vec![true; 16];
        for byte in bytes {
            line.push(false);
            line.extend((0..8).map(|n| byte >> n & 1 == 1));
            line.extend(self.parity.bit(*byte));
            line.push(true);
        }
        line
    }
}

impl Parity {
    fn bit(self, data: u8) -> Option<bool> {
        let odd = data.count_ones() % 2 == 1;
        match self {
            Self::None => None,
            Self::Even => Some(odd),
            Self::Odd => Some(!odd),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: fn() -> Vec<u8> = || (0..=255).collect();

    #[test]
    fn the_same_settings_deliver_every_byte() {
        for parity in [Parity::None, Parity::Even, Parity::Odd] {
            let uart = Uart { baud: 2400, parity };
            assert_eq!(uart.receive(&EVERY(), uart), EVERY());
        }
    }

    #[test]
    fn without_parity_only_bytes_whose_parity_bit_looks_like_a_stop_bit_arrive() {
        let reader = Uart { baud: 2400, parity: Parity::None };
        // 0x01 has an odd number of ones: its even-parity bit is 1, as a stop bit is.
        assert_eq!(reader.receive(&[0x01; 20], Uart::CUSTOMER_INTERFACE), [0x01; 20]);
        let broken = reader.receive(&[0x03; 20], Uart::CUSTOMER_INTERFACE);
        assert!(broken.iter().all(|byte| *byte != 0x03), "{broken:02x?}");
    }

    #[test]
    fn a_fast_reader_sees_other_bytes_and_more_of_them() {
        let reader = Uart { baud: 9600, parity: Parity::None };
        let read = reader.receive(&[0x7e; 50], Uart::CUSTOMER_INTERFACE);
        assert!(read.len() > 50 && !read.contains(&0x7e), "{read:02x?}");
    }
}
