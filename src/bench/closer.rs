//! A closer look at one file: how it was coded, and where in it the bits are.

use std::fs::File;
use std::io::Read;

use serde::{Deserialize, Serialize};

use super::corpus::CorpusFile;
use crate::codec::Codec;
use crate::container::{GroupParams, Method};
use crate::error::Result;

/// As much of a file is looked at.
const LOOK_BYTES: u64 = 256 << 10;
/// Steps of the curve along a file.
const STEPS: usize = 60;

/// What a closer look at the beginning of a file shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Closer {
    /// The file.
    pub file: String,
    /// Its folder.
    pub kind: String,
    /// Bytes looked at, from the beginning, coded as one group.
    pub plain_bytes: u64,
    /// How that was coded.
    pub method: String,
    /// Bits for each byte as coded, without header and checks.
    pub bits_per_byte: f64,
    /// The same by the model alone, where it had a part.
    pub model_bits_per_byte: Option<f64>,
    /// Tokens that the model's tokenizer makes of it.
    pub tokens: Option<u64>,
    /// Bits for each byte that a coder would need which knows how often each of the 256 comes, and nothing else.
    pub order0_bits_per_byte: f64,
    /// The part of all bits that the costliest tenth of the bytes takes.
    pub costliest_tenth: f64,
    /// Bytes of a step of the curve.
    pub step_bytes: u64,
    /// The curve: bits for each byte, step by step.
    pub along: Vec<f64>,
}

/// Looks at a file, which has at least one byte.
///
/// Fails with what reading and coding fail with.
pub fn look(codec: &Codec, params: &GroupParams, file: &CorpusFile) -> Result<Closer> {
    let mut plain = Vec::new();
    File::open(&file.path)?.take(LOOK_BYTES).read_to_end(&mut plain)?;
    let explained = codec.explain(&plain, params, false, &|_| ())?;
    let n = plain.len().max(1);
    let step = n.div_ceil(STEPS).max(1);
    let mut along = vec![0.0; n.div_ceil(step)];
    let mut of_bytes = vec![0f32; plain.len()];
    let (mut bits, mut model_bits, mut has_model) = (0.0, 0.0, false);
    for piece in &explained.pieces {
        bits += f64::from(piece.bits);
        model_bits += f64::from(piece.model_bits.unwrap_or(0.0));
        has_model |= piece.model_bits.is_some();
        let each = piece.bits / piece.len as f32;
        for at in piece.start..piece.start + piece.len {
            along[at / step] += f64::from(each);
            of_bytes[at] = each;
        }
    }
    for (i, bits) in along.iter_mut().enumerate() {
        *bits /= step.min(n - i * step) as f64;
    }
    of_bytes.sort_by(|a, b| b.total_cmp(a));
    let costliest: f64 = of_bytes[..plain.len().div_ceil(10)].iter().map(|&b| f64::from(b)).sum();
    let tokens = match (codec.model(), explained.group.method) {
        (Some(model), Method::Model | Method::Mixer | Method::Stored) => {
            Some(model.tokenizer().encode(&plain)?.len() as u64)
        }
        _ => None,
    };
    let per_byte = |bits: f64| bits / n as f64;
    Ok(Closer {
        file: file.name.clone(),
        kind: file.kind.clone(),
        plain_bytes: plain.len() as u64,
        method: explained.group.method.name().to_owned(),
        bits_per_byte: per_byte(bits),
        model_bits_per_byte: has_model.then(|| per_byte(model_bits)),
        tokens,
        order0_bits_per_byte: order0(&plain),
        costliest_tenth: costliest / bits.max(1e-9),
        step_bytes: step as u64,
        along,
    })
}

fn order0(plain: &[u8]) -> f64 {
    let mut counts = [0u64; 256];
    plain.iter().for_each(|&byte| counts[usize::from(byte)] += 1);
    let n = plain.len().max(1) as f64;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| count as f64 / n)
        .map(|p| -p * p.log2())
        .sum()
}

impl Closer {
    /// Why it costs what it costs, in a sentence.
    pub fn why(&self) -> String {
        let token_bytes = self.tokens.map(|tokens| self.plain_bytes as f64 / tokens.max(1) as f64);
        match (self.method.as_str(), token_bytes, self.model_bits_per_byte) {
            ("stored", ..) => format!(
                "nothing to predict: even counts of its bytes say {:.2} bits a byte",
                self.order0_bits_per_byte
            ),
            ("mixer", Some(bytes), _) if bytes < 1.25 => format!(
                "no text, {bytes:.2} bytes a token, so the mixer alone; counts of bytes say {:.2}",
                self.order0_bits_per_byte
            ),
            ("mixer", Some(bytes), _) => {
                format!("{bytes:.2} bytes a token, and the mixer alone was smaller")
            }
            ("model", Some(bytes), Some(model)) => format!(
                "{bytes:.2} bytes a token; the model alone {model:.3}, mixed {:.3}; a tenth of its bytes takes {:.0} % of the bits",
                self.bits_per_byte,
                100.0 * self.costliest_tenth
            ),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closer(plain: &[u8]) -> Closer {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, plain).unwrap();
        let file = CorpusFile { path, name: "a".into(), kind: ".".into() };
        look(&Codec::builtin().unwrap(), &GroupParams::default(), &file).unwrap()
    }

    #[test]
    fn the_curve_has_the_bits_of_the_file() {
        let text = include_bytes!("../../corpus/text/lighthouse.txt");
        let closer = closer(text);
        assert_eq!((closer.method.as_str(), closer.plain_bytes), ("model", text.len() as u64));
        let steps = closer.along.iter().enumerate();
        let bits: f64 = steps
            .map(|(i, bits)| {
                bits * (text.len() - i * closer.step_bytes as usize).min(closer.step_bytes as usize)
                    as f64
            })
            .sum();
        assert!((bits / text.len() as f64 - closer.bits_per_byte).abs() < 1e-3);
        assert!(closer.costliest_tenth > 0.1 && closer.costliest_tenth < 1.0);
        assert!(closer.why().contains("the model alone"), "{}", closer.why());
    }

    #[test]
    fn noise_has_nothing_to_predict() {
        use sha2::{Digest, Sha256};
        let noise: Vec<u8> = (0..125u8).flat_map(|i| Sha256::digest([i])).collect();
        let closer = closer(&noise);
        assert!(closer.order0_bits_per_byte > 7.5 && closer.why().contains("nothing to predict"));
    }
}
