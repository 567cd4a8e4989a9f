//! Linear least squares without intercept, for a handful of causes.
//!
//! In: rows of causes with the effect of each. Out: coefficients with their standard errors.
//! Refuses: causes that move together (a singular system) and fewer rows than causes.

/// Coefficients and their standard errors, in the order of the causes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fit {
    pub(super) coefficients: Vec<f64>,
    pub(super) errors: Vec<f64>,
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
    let variance = residuals.sum::<f64>() / freedom as f64;
    let error = |(place, line): (usize, &Vec<f64>)| {
        let diagonal = line.get(place).copied().unwrap_or(f64::INFINITY);
        (variance * diagonal).max(0.0).sqrt()
    };
    let errors = inverse.iter().enumerate().map(error).collect();
    Some(Fit { coefficients, errors })
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
}
