//! Energy baseline: energy as a straight line of production.
//!
//! In: pairs of production and energy of a baseline period. Out: the least-squares line, how good
//! it is, and the saving of a report period. Source: ISO 50006:2014 (EnPI and EnB), ASHRAE
//! guideline 14 for CV(RMSE). Refuses: a line through fewer than two different productions.

/// A straight line through a baseline period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Baseline {
    /// **Unit** kWh per unit of production.
    pub slope: f64,
    /// Energy without production. **Unit** kWh.
    pub intercept: f64,
    /// Coefficient of determination; `None` when the energies do not vary.
    pub r2: Option<f64>,
    /// Root mean square error over the mean energy, two parameters. **Unit** percent; `None` for
    /// two points, which a line always fits.
    pub cv_rmse_pct: Option<f64>,
    /// Smallest and largest production: outside, the line is a guess.
    pub range: [f64; 2],
}

impl Baseline {
    /// Energy that the line expects for a production. **Unit** kWh.
    #[must_use]
    pub fn expected(&self, production: f64) -> f64 {
        self.intercept + self.slope * production
    }

    /// Whether a production lies within the baseline's.
    #[must_use]
    pub fn covers(&self, production: f64) -> bool {
        let [low, high] = self.range;
        (low..=high).contains(&production)
    }
}

/// Least squares of `(production, energy)` pairs.
#[must_use]
#[allow(clippy::cast_precision_loss)] // A baseline holds far fewer than 2^53 points.
pub fn baseline(points: &[(f64, f64)]) -> Option<Baseline> {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
    let square_x: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    if points.len() < 2 || square_x <= 0.0 || !square_x.is_finite() {
        return None;
    }
    let product: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let slope = product / square_x;
    let intercept = mean_y - slope * mean_x;
    let error: f64 = points.iter().map(|(x, y)| (y - intercept - slope * x).powi(2)).sum();
    let square_y: f64 = points.iter().map(|(_, y)| (y - mean_y).powi(2)).sum();
    let spread = points.iter().map(|(x, _)| *x);
    Some(Baseline {
        slope,
        intercept,
        r2: (square_y > 0.0).then(|| 1.0 - error / square_y),
        cv_rmse_pct: (points.len() > 2 && mean_y > 0.0)
            .then(|| 100.0 * (error / (count - 2.0)).sqrt() / mean_y),
        range: spread
            .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(x), high.max(x)]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_needs_two_productions() {
        assert_eq!(baseline(&[]), None);
        assert_eq!(baseline(&[(1.0, 2.0), (1.0, 3.0)]), None);
        let line = baseline(&[(1.0, 2.0), (2.0, 4.0)]).expect("a line");
        assert_eq!((line.slope, line.intercept, line.r2), (2.0, 0.0, Some(1.0)));
        assert!(!line.covers(3.0) && line.cv_rmse_pct.is_none());
    }
}
