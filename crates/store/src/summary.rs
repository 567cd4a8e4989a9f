//! What many values say together: least, greatest, exact sum, count.
//!
//! In: exact decimals in any order. Out: the same answer whatever the order, and however the
//! values were grouped before: sums are kept apart by exponent, and of equal values the one with
//! the finer resolution stands for both. Values of bad quality never come here.

use crate::bytes::{Cursor, put_signed, put_varint, put_wide};
use crate::encoding::Malformed;
use reading::Decimal;
use std::cmp::Ordering;

/// What a set of values says; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) count: u64,
    pub(crate) min: Decimal,
    pub(crate) max: Decimal,
    sum: Sum,
}

/// An exact sum: of each exponent the sum of its mantissas, in the order of exponents.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sum {
    first: (i8, i128),
    /// Further exponents; nearly always none.
    rest: Vec<(i8, i128)>,
}

impl Summary {
    pub(crate) fn of(value: Decimal) -> Self {
        let first = (value.exponent(), i128::from(value.mantissa()));
        Self { count: 1, min: value, max: value, sum: Sum { first, rest: Vec::new() } }
    }

    /// The summary of numbers that share an exponent; `None` without any.
    pub(crate) fn of_all(mantissas: &[i64], exponent: i8) -> Option<Self> {
        let (first, rest) = mantissas.split_first()?;
        let (mut min, mut max, mut sum) = (*first, *first, i128::from(*first));
        for value in rest {
            min = min.min(*value);
            max = max.max(*value);
            sum += i128::from(*value);
        }
        let number = |mantissa| Decimal::new(mantissa, exponent);
        let sum = Sum { first: (exponent, sum), rest: Vec::new() };
        Some(Self { count: mantissas.len() as u64, min: number(min), max: number(max), sum })
    }

    pub(crate) fn take(&mut self, value: Decimal) {
        self.count += 1;
        self.bound(value, value);
        self.sum.add(value.exponent(), value.mantissa().into());
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.bound(other.min, other.max);
        self.sum.add(other.sum.first.0, other.sum.first.1);
        other.sum.rest.iter().for_each(|(exponent, part)| self.sum.add(*exponent, *part));
    }

    fn bound(&mut self, min: Decimal, max: Decimal) {
        if before(min, self.min) {
            self.min = min;
        }
        let greater = match exact_order(max, self.max) {
            Ordering::Equal => max.exponent() < self.max.exponent(),
            order => order == Ordering::Greater,
        };
        if greater {
            self.max = max;
        }
    }

    /// The nearest `f64` to the exact sum, over the count.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn mean(&self) -> f64 {
        self.sum.to_f64() / self.count as f64
    }

    /// Appends the summary; `before` stands in the same blob before it.
    ///
    /// A head byte: 0 plain, 1 with all its exponents. Plain, everything has the exponent of
    /// `before`: count, minus that of `before`; least, minus that of `before`; greatest minus
    /// least; sum minus count × least. With exponents: count; exponent and mantissa of the least
    /// and of the greatest; the count of sums; exponent and mantissa of each.
    pub(crate) fn put(&self, blob: &mut Vec<u8>, before: Option<&Self>) {
        let exponent = before.map_or(0, |before| before.min.exponent());
        let plain = [self.min.exponent(), self.max.exponent(), self.sum.first.0] == [exponent; 3];
        let spread = self.max.mantissa().checked_sub(self.min.mantissa());
        if let (true, true, Some(spread)) = (plain, self.sum.rest.is_empty(), spread) {
            let (count, min) = before.map_or((0, 0), |b| (b.count, b.min.mantissa()));
            blob.push(0);
            put_signed(blob, self.count.cast_signed().wrapping_sub(count.cast_signed()));
            put_signed(blob, self.min.mantissa().wrapping_sub(min));
            put_varint(blob, spread.cast_unsigned());
            let least = i128::from(self.count) * i128::from(self.min.mantissa());
            put_wide(blob, self.sum.first.1 - least);
            return;
        }
        blob.push(1);
        put_varint(blob, self.count);
        for bound in [self.min, self.max] {
            blob.push(bound.exponent().cast_unsigned());
            put_signed(blob, bound.mantissa());
        }
        put_varint(blob, 1 + self.sum.rest.len() as u64);
        for (exponent, part) in std::iter::once(&self.sum.first).chain(&self.sum.rest) {
            blob.push(exponent.cast_unsigned());
            put_wide(blob, *part);
        }
    }

    /// The summary at the cursor.
    pub(crate) fn read(cursor: &mut Cursor<'_>, before: Option<&Self>) -> Result<Self, Malformed> {
        if cursor.byte()? == 0 {
            let exponent = before.map_or(0, |before| before.min.exponent());
            let (count, min) = before.map_or((0, 0), |b| (b.count, b.min.mantissa()));
            let count = count.cast_signed().wrapping_add(cursor.signed()?).cast_unsigned();
            let min = min.wrapping_add(cursor.signed()?);
            let max = min.wrapping_add(cursor.varint()?.cast_signed());
            let least = i128::from(count).checked_mul(i128::from(min));
            let sum = least.map(|least| (cursor.wide(), least));
            let (sum, least) = sum.ok_or(BEYOND)?;
            let sum = sum?.checked_add(least).ok_or(BEYOND)?;
            let number = |mantissa| Decimal::new(mantissa, exponent);
            let sum = Sum { first: (exponent, sum), rest: Vec::new() };
            return Ok(Self { count, min: number(min), max: number(max), sum });
        }
        let count = cursor.varint()?;
        let number = |cursor: &mut Cursor<'_>| -> Result<Decimal, Malformed> {
            let exponent = cursor.byte()?.cast_signed();
            Ok(Decimal::new(cursor.signed()?, exponent))
        };
        let (min, max) = (number(cursor)?, number(cursor)?);
        let parts = cursor.size()?;
        let part = |cursor: &mut Cursor<'_>| -> Result<(i8, i128), Malformed> {
            Ok((cursor.byte()?.cast_signed(), cursor.wide()?))
        };
        let mut sum = Sum { first: part(cursor)?, rest: Vec::new() };
        for _ in 1..parts {
            sum.rest.push(part(cursor)?);
        }
        Ok(Self { count, min, max, sum })
    }
}

const BEYOND: Malformed = Malformed("a summary is beyond any sum");

impl Sum {
    fn add(&mut self, exponent: i8, part: i128) {
        // An i128 holds the sum of 2^64 mantissas.
        if self.first.0 == exponent {
            self.first.1 += part;
            return;
        }
        if exponent < self.first.0 {
            self.rest.insert(0, self.first);
            self.first = (exponent, part);
            return;
        }
        match self.rest.binary_search_by_key(&exponent, |(exponent, _)| *exponent) {
            Ok(place) => self.rest[place].1 += part,
            Err(place) => self.rest.insert(place, (exponent, part)),
        }
    }

    /// The nearest `f64`, where the parts fit one number; else the sum of the parts' nearest.
    fn to_f64(&self) -> f64 {
        let (least, first) = self.first;
        let brought = |(exponent, part): &(i8, i128)| {
            let powers = u32::try_from(i16::from(*exponent) - i16::from(least)).ok()?;
            10_i128.checked_pow(powers)?.checked_mul(*part)
        };
        let whole = self.rest.iter().try_fold(first, |sum, part| sum.checked_add(brought(part)?));
        match whole {
            Some(sum) => nearest(sum, least),
            None => {
                let parts = self.rest.iter().rev().chain([&self.first]);
                parts.map(|(exponent, part)| nearest(*part, *exponent)).sum()
            }
        }
    }
}

/// The nearest `f64` to `mantissa` × 10^`exponent`.
fn nearest(mantissa: i128, exponent: i8) -> f64 {
    match i64::try_from(mantissa) {
        Ok(mantissa) => Decimal::new(mantissa, exponent).to_f64(),
        Err(_) => format!("{mantissa}e{exponent}").parse().expect("a float literal"),
    }
}

/// Whether `left` stands for a least value rather than `right`.
fn before(left: Decimal, right: Decimal) -> bool {
    match exact_order(left, right) {
        Ordering::Equal => left.exponent() < right.exponent(),
        order => order == Ordering::Less,
    }
}

/// Order by numeric value, exact for every mantissa and exponent.
pub(crate) fn exact_order(left: Decimal, right: Decimal) -> Ordering {
    if left.exponent() == right.exponent() {
        return left.mantissa().cmp(&right.mantissa());
    }
    let signs = left.mantissa().signum().cmp(&right.mantissa().signum());
    if signs != Ordering::Equal || left.mantissa() == 0 {
        return signs;
    }
    let magnitude = magnitudes(left, right);
    if left.mantissa() < 0 { magnitude.reverse() } else { magnitude }
}

/// Order of the absolute values of two numbers that are not 0.
fn magnitudes(left: Decimal, right: Decimal) -> Ordering {
    let digits = |number: Decimal| i64::from(number.mantissa().unsigned_abs().ilog10());
    let place = |number: Decimal| digits(number) + i64::from(number.exponent());
    let order = place(left).cmp(&place(right));
    if order != Ordering::Equal {
        return order;
    }
    // The first digits stand at the same place, so the exponents differ by less than 19.
    let least = left.exponent().min(right.exponent());
    let brought = |number: Decimal| {
        let powers = u32::from((number.exponent() - least).unsigned_abs());
        u128::from(number.mantissa().unsigned_abs()) * 10_u128.pow(powers)
    };
    brought(left).cmp(&brought(right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{Strategy, any, prop_oneof, proptest};

    fn decimal() -> impl Strategy<Value = Decimal> {
        let exponent = prop_oneof![4 => -3_i8..1, 1 => any::<i8>()];
        (any::<i64>(), 0_u32..64, exponent).prop_map(|(m, shift, e)| Decimal::new(m >> shift, e))
    }

    fn summary(values: &[Decimal]) -> Option<Summary> {
        let (first, rest) = values.split_first()?;
        let mut summary = Summary::of(*first);
        rest.iter().for_each(|value| summary.take(*value));
        Some(summary)
    }

    proptest! {
        #[test]
        fn grouping_and_order_change_nothing(
            values in proptest::collection::vec(decimal(), 1..40),
            cut in 0_usize..40,
        ) {
            let whole = summary(&values).expect("values");
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = summary(right).or_else(|| summary(left)).expect("values");
            if let (Some(left), false) = (summary(left), right.is_empty()) {
                merged.merge(&left);
            }
            assert_eq!(merged, whole);
            let mut blob = Vec::new();
            whole.put(&mut blob, None);
            merged.put(&mut blob, Some(&whole));
            let mut cursor = Cursor(&blob);
            let first = Summary::read(&mut cursor, None).expect("readable");
            assert_eq!(Summary::read(&mut cursor, Some(&first)), Ok(whole));
            assert!(cursor.is_empty());
        }
    }

    #[test]
    fn a_mean_is_the_exact_sum_over_the_count() {
        let summary = summary(&[Decimal::new(1, -1), Decimal::new(2, -1), Decimal::new(3, 0)]);
        assert_eq!(summary.expect("values").mean(), 3.3 / 3.0);
    }

    #[test]
    fn extremes_are_ordered_exactly() {
        let close = Decimal::new(i64::MAX - 1, 0);
        assert_eq!(exact_order(close, Decimal::new(i64::MAX, 0)), Ordering::Less);
        let finer = Decimal::new(922_337_203_685_477_581, 1);
        assert_eq!(exact_order(close, finer), Ordering::Less);
        assert_eq!(exact_order(Decimal::new(1, 127), Decimal::new(i64::MAX, 0)), Ordering::Greater);
        assert_eq!(exact_order(Decimal::new(-1, 127), Decimal::new(1, -128)), Ordering::Less);
        assert_eq!(exact_order(Decimal::new(0, 127), Decimal::new(0, -128)), Ordering::Equal);
    }
}
