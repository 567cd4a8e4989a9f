//! Linear least squares without intercept, for a handful of causes, also by instruments.
//!
//! In: rows of causes with the effect of each. Out: coefficients with their standard errors. An
//! instrument moves with its cause but not with what the cause was measured wrongly by, so that its
//! coefficient is not lessened by that. Refuses: causes that move together (a singular system),
//! instruments that do not move with them, and fewer rows than causes.

/// Coefficients and their standard errors, in the order of the causes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fit {
    pub(super) coefficients: Vec<f64>,
    pub(super) errors: Vec<f64>,
    /// Rows less causes.
    pub(super) freedom: f64,
}

/// One row with an instrument for each cause.
#[derive(Debug, Clone)]
pub(super) struct Instrumented {
    pub(super) causes: Vec<f64>,
    pub(super) effect: f64,
    pub(super) instruments: Vec<f64>,
}

/// Parts of the rows that are left out in turn.
const JACKKNIFE: usize = 8;
/// Fewest rows in each of them.
const PART_MIN: usize = 6;

/// Effect = Σ coefficient · cause, as far as cause and effect move with the instruments.
///
/// The errors are those of the jackknife over stretches of time, since neighbouring rows share
/// intervals.
pub(super) fn fit_by_instruments(rows: &[Instrumented]) -> Option<Fit> {
    let causes = rows.first()?.causes.len();
    let part = rows.len().div_ceil(JACKKNIFE);
    if part < PART_MIN {
        return None;
    }
    let solved = |without: Option<usize>| {
        let mut normal = vec![vec![0.0; causes]; causes];
        let mut right = vec![0.0; causes];
        let kept = rows.iter().enumerate().filter(|(place, _)| without != Some(place / part));
        for (_, row) in kept {
            for (line, (instrument, sum)) in
                normal.iter_mut().zip(row.instruments.iter().zip(&mut right))
            {
                *sum += instrument * row.effect;
                for (cell, cause) in line.iter_mut().zip(&row.causes) {
                    *cell += instrument * cause;
                }
            }
        }
        let inverse = inverse(normal)?;
        Some(inverse.iter().map(|line| dot(line, &right)).collect::<Vec<f64>>())
    };
    let coefficients = solved(None)?;
    let parts = rows.len().div_ceil(part);
    let without: Option<Vec<Vec<f64>>> = (0..parts).map(|place| solved(Some(place))).collect();
    let without = without?;
    #[allow(clippy::cast_precision_loss)] // Some thousand rows.
    let (count, freedom) = (parts as f64, rows.len().saturating_sub(causes) as f64);
    let error = |(place, all): (usize, &f64)| {
        let apart = without.iter().filter_map(|one| Some((one.get(place)? - all).powi(2)));
        (apart.sum::<f64>() * (count - 1.0) / count).sqrt()
    };
    let errors = coefficients.iter().enumerate().map(error).collect();
    Some(Fit { coefficients, errors, freedom })
}

/// Effect = Σ coefficient · cause, for each row.
pub(super) fn fit(rows: &[(Vec<f64>, f64)]) -> Option<Fit> {
    let causes = rows.first()?.0.len();
    let freedom = rows.len().checked_sub(causes).filter(|freedom| *freedom > 0)?;
    let mut normal = vec![vec![0.0; causes]; causes];
    let mut right = vec![0.0; causes];
    for (row, effect) in rows {
        for (line, (one, sum)) in normal.iter_mut().zip(row.iter().zip(&mut right)) {
            *sum += one * effect;
            for (cell, other) in line.iter_mut().zip(row) {
                *cell += one * other;
            }
        }
    }
    let inverse = inverse(normal)?;
    let coefficients: Vec<f64> = inverse.iter().map(|line| dot(line, &right)).collect();
    let residuals = rows.iter().map(|(row, effect)| (effect - dot(row, &coefficients)).powi(2));
    #[allow(clippy::cast_precision_loss)] // Some thousand rows.
    let freedom = freedom as f64;
    let variance = residuals.sum::<f64>() / freedom;
    let error = |(place, line): (usize, &Vec<f64>)| {
        let diagonal = line.get(place).copied().unwrap_or(f64::INFINITY);
        (variance * diagonal).max(0.0).sqrt()
    };
    let errors = inverse.iter().enumerate().map(error).collect();
    Some(Fit { coefficients, errors, freedom })
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// The inverse by Gauss and Jordan with pivots; `None` when the causes move together.
fn inverse(mut matrix: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    /// A pivot below this share of its cause's own sum of squares is rounding.
    const PIVOT_SHARE_MIN: f64 = 1e-9;
    let size = matrix.len();
    let scales: Vec<f64> = (0..size).map(|place| matrix[place][place]).collect();
    let unit = |place: usize| (0..size).map(move |other| f64::from(u8::from(other == place)));
    let mut inverse: Vec<Vec<f64>> = (0..size).map(|place| unit(place).collect()).collect();
    for place in 0..size {
        let size_of = |line: &usize| matrix[*line][place].abs();
        let best = (place..size).max_by(|a, b| size_of(a).total_cmp(&size_of(b)))?;
        matrix.swap(place, best);
        inverse.swap(place, best);
        let pivot = matrix[place][place];
        if pivot.abs() <= PIVOT_SHARE_MIN * scales[place].abs() || pivot == 0.0 {
            return None;
        }
        for cell in matrix[place].iter_mut().chain(&mut inverse[place]) {
            *cell /= pivot;
        }
        let (pivot_line, pivot_inverse) = (matrix[place].clone(), inverse[place].clone());
        for other in (0..size).filter(|other| *other != place) {
            let share = matrix[other][place];
            let take = |line: &mut Vec<f64>, from: &[f64]| {
                line.iter_mut().zip(from).for_each(|(cell, above)| *cell -= share * above);
            };
            take(&mut matrix[other], &pivot_line);
            take(&mut inverse[other], &pivot_inverse);
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_rows_give_exact_coefficients() {
        let rows: Vec<(Vec<f64>, f64)> = (0_u8..8)
            .map(|n| {
                let (x, y) = (f64::from(n), f64::from(n * n % 5));
                (vec![x, y], 3.0 * x - 0.5 * y)
            })
            .collect();
        let fit = fit(&rows).expect("independent");
        assert!(
            (fit.coefficients[0] - 3.0).abs() < 1e-9 && (fit.coefficients[1] + 0.5).abs() < 1e-9
        );
        assert!(fit.errors.iter().all(|error| *error < 1e-6), "{fit:?}");
    }

    #[test]
    fn causes_that_move_together_tell_nothing() {
        let rows: Vec<(Vec<f64>, f64)> =
            (1_u8..9).map(|n| (vec![f64::from(n), 2.0 * f64::from(n)], f64::from(n))).collect();
        assert_eq!(fit(&rows), None);
        assert_eq!(fit(&rows[..2]), None);
        assert_eq!(fit(&[]), None);
    }

    #[test]
    fn instruments_are_not_lessened_by_what_a_cause_is_measured_wrongly_by() {
        // A load that stands for seven intervals, read with an error that no interval shares.
        let chance = |n: u32| {
            let mixed = n.wrapping_mul(2_246_822_519);
            let mixed = (mixed ^ (mixed >> 13)).wrapping_mul(3_266_489_917);
            (mixed ^ (mixed >> 16)) % 601
        };
        let truth = |n: u32| f64::from(chance(n / 7 + 9999) % 11) * 100.0;
        let read = |n: u32| truth(n) + f64::from(chance(n)) - 300.0;
        let rows: Vec<Instrumented> = (1..1600)
            .map(|n| Instrumented {
                causes: vec![read(n + 1) - read(n)],
                effect: truth(n + 1) - truth(n),
                instruments: vec![read(n + 2) - read(n - 1)],
            })
            .collect();
        let plain: Vec<(Vec<f64>, f64)> =
            rows.iter().map(|row| (row.causes.clone(), row.effect)).collect();
        let lessened = fit(&plain).expect("varies");
        assert!(lessened.coefficients[0] < 0.7 && lessened.errors[0] < 0.05, "{lessened:?}");
        let told = fit_by_instruments(&rows).expect("moves with the cause");
        let (told, error) = (told.coefficients[0], told.errors[0]);
        assert!((told - 1.0).abs() < 3.0 * error && error < 0.2, "{told} ± {error}");
        assert!(fit_by_instruments(&rows[..40]).is_none(), "too few to tell their error");
    }
}
