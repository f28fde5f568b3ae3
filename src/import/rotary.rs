//! Rotary frequencies as configurations describe them.

use super::hf_config::unsupported;
use crate::error::Result;
use crate::kernels::inv_freq;
#[cfg(test)]
use candle_transformers::models::llama::{Llama3RopeConfig, Llama3RopeType};
use serde::Deserialize;

/// The largest angle per position; unscaled ones are 1 at most.
const MOST_TURN: f64 = 1024.0;

/// `rope_parameters` or `rope_scaling` of a configuration.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct RopeParameters {
    pub(super) rope_theta: Option<f64>,
    #[serde(alias = "type")]
    rope_type: Option<String>,
    factor: Option<f64>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    original_max_position_embeddings: Option<f64>,
    partial_rotary_factor: Option<f64>,
}

impl RopeParameters {
    /// Whether positions are stretched at all.
    pub(super) fn scales(&self) -> bool {
        self.rope_type.as_deref().is_some_and(|kind| kind != "default")
    }

    /// The same for candle's Llama, which knows Llama 3's scaling only.
    ///
    /// # Errors
    /// `Unsupported` for other kinds.
    #[cfg(test)]
    pub(super) fn for_candle(&self) -> Result<Llama3RopeConfig> {
        match self.rope_type.as_deref() {
            Some("llama3") => Ok(Llama3RopeConfig {
                factor: self.factor.unwrap_or(1.0) as f32,
                low_freq_factor: self.low_freq_factor.unwrap_or(1.0) as f32,
                high_freq_factor: self.high_freq_factor.unwrap_or(4.0) as f32,
                original_max_position_embeddings: self
                    .original_max_position_embeddings
                    .unwrap_or(8192.0) as usize,
                rope_type: Llama3RopeType::Llama3,
            }),
            kind => Err(unsupported("rope_scaling.rope_type", kind.unwrap_or("default"))),
        }
    }

    /// Scales the frequencies in place: sums, products and quotients in double precision, in this
    /// order, so that they have the same bits everywhere.
    ///
    /// # Errors
    /// `Unsupported` naming the kind or the field.
    pub(super) fn apply(&self, frequencies: &mut [f64]) -> Result<()> {
        if let Some(part) = self.partial_rotary_factor.filter(|part| *part != 1.0) {
            return Err(unsupported("partial_rotary_factor", &part.to_string()));
        }
        match self.rope_type.as_deref().unwrap_or("default") {
            "default" => {}
            "linear" => {
                let factor = positive("rope_scaling.factor", self.factor)?;
                frequencies.iter_mut().for_each(|frequency| *frequency /= factor);
            }
            "llama3" => self.llama3(frequencies)?,
            other => return Err(unsupported("rope_scaling.rope_type", other)),
        }
        Ok(())
    }

    /// Llama 3: waves longer than the original context are stretched, short ones stay, and those
    /// between are blended.
    fn llama3(&self, frequencies: &mut [f64]) -> Result<()> {
        let factor = positive("rope_scaling.factor", self.factor)?;
        let low = positive("rope_scaling.low_freq_factor", self.low_freq_factor)?;
        let high = positive("rope_scaling.high_freq_factor", self.high_freq_factor)?;
        let context = positive(
            "rope_scaling.original_max_position_embeddings",
            self.original_max_position_embeddings,
        )?;
        if high <= low {
            return Err(unsupported("rope_scaling.high_freq_factor", &high.to_string()));
        }
        for frequency in frequencies {
            let turns = context * *frequency / (2.0 * std::f64::consts::PI);
            if turns < low {
                *frequency /= factor;
            } else if turns <= high {
                let smooth = (turns - low) / (high - low);
                *frequency = (1.0 - smooth) * (*frequency / factor) + smooth * *frequency;
            }
        }
        Ok(())
    }
}

/// Unscaled frequencies for `theta`.
///
/// # Errors
/// `Unsupported` for a theta that means nothing.
pub(super) fn plain(theta: f64, head_dim: usize) -> Result<Vec<f64>> {
    if !(theta.is_finite() && theta > 1.0) {
        return Err(unsupported("rope_theta", &theta.to_string()));
    }
    Ok(inv_freq(theta, head_dim))
}

/// Refuses angles that no scaling makes: they would turn a pair many times within a position, and beyond
/// some size their sines mean nothing.
///
/// # Errors
/// `Unsupported`.
pub(super) fn check(frequencies: &[f64]) -> Result<()> {
    match frequencies.iter().find(|frequency| !(**frequency >= 0.0 && **frequency <= MOST_TURN)) {
        Some(frequency) => Err(unsupported("a rotary frequency", &frequency.to_string())),
        None => Ok(()),
    }
}

fn positive(field: &str, value: Option<f64>) -> Result<f64> {
    match value {
        Some(value) if value.is_finite() && value > 0.0 => Ok(value),
        Some(value) => Err(unsupported(field, &value.to_string())),
        None => Err(unsupported(field, "missing")),
    }
}
