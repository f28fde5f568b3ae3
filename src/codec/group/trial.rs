//! A trial on a part of a long group, so that the model need not run over all of what the mixer alone makes smaller.

use super::Codec;
use crate::codec::{encode, encode_without_model};
use crate::container::GroupParams;
use crate::entropy::Encoder;
use crate::error::Result;
use crate::parallel;

/// Groups from this length on are tried. The longer a text, the more the mixer alone gains, which learns in one lane: so what
/// it wins in the sample it wins in the whole.
const TRIED_BYTES: usize = 128 << 10;
/// The sample: pieces from all over the group, whose beginning may be of another kind.
const PIECES: usize = 4;
const PIECE_BYTES: usize = 12 << 10;

fn sample(rest: &[u8]) -> Vec<u8> {
    let piece = |i: usize| {
        let at = i * (rest.len() - PIECE_BYTES) / (PIECES - 1);
        &rest[at..at + PIECE_BYTES]
    };
    (0..PIECES).map(piece).collect::<Vec<_>>().concat()
}

impl Codec {
    /// Whether the mixer alone makes less of a sample of a long group than the model and the mixer do.
    pub(super) fn mixer_wins(
        &self,
        rest: &[u8],
        params: &GroupParams,
        heard: &(dyn Fn(u64) + Sync),
    ) -> Result<bool> {
        if rest.len() < TRIED_BYTES {
            return Ok(false);
        }
        let sample = sample(rest);
        let by_model = || -> Result<usize> {
            let plan = self.plan(sample.len(), params, true)?;
            let coder = Encoder::new(Vec::new());
            Ok(encode(&sample, &self.predictor(params)?, &plan, coder, heard)?.len())
        };
        let by_mixer = || -> Result<usize> {
            let plan = self.plan(sample.len(), params, false)?;
            Ok(encode_without_model(&sample, &plan, Encoder::new(Vec::new()), heard).len())
        };
        let (by_model, by_mixer) = parallel::join(by_model, by_mixer);
        Ok(by_mixer? < by_model?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Level;
    use crate::container::{GroupCodec, Method};

    /// Rows of a table, as a program counts: the mixer knows the columns, the model sees digits.
    fn table(rows: u32) -> Vec<u8> {
        let row = |i: u32| {
            let noise = i.wrapping_mul(2_654_435_761) >> 12;
            format!(
                "{},{:05},{},{:.2}\n",
                10_000 + i,
                noise % 99_991,
                i % 7,
                f64::from(noise % 977) / 7.0
            )
        };
        (0..rows).map(row).collect::<String>().into_bytes()
    }

    #[test]
    fn samples_are_from_all_over() {
        let rest: Vec<u8> = (0..TRIED_BYTES).map(|i| (i * 4 / TRIED_BYTES) as u8).collect();
        let sample = sample(&rest);
        assert_eq!(sample.len(), PIECES * PIECE_BYTES);
        assert!((0..4u8).all(|part| sample.contains(&part)));
        assert_eq!((sample[0], sample.last()), (0, Some(&3)));
    }

    #[test]
    fn a_long_table_goes_to_the_mixer_at_once_and_prose_does_not() {
        let codec = Codec::builtin().unwrap();
        let params = Level::Default.params();
        let table = table(16_000);
        assert!(table.len() >= TRIED_BYTES);
        assert!(codec.mixer_wins(&table, &params, &|_| ()).unwrap());
        assert!(!codec.mixer_wins(&table[..TRIED_BYTES / 2], &params, &|_| ()).unwrap());
        let made = codec.encode(&table, &params, &|_| ()).unwrap();
        assert_eq!(made.method, Method::Mixer);
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/text/lighthouse.txt");
        let prose = std::fs::read(path).unwrap();
        let prose: Vec<u8> = prose.iter().copied().cycle().take(TRIED_BYTES).collect();
        assert!(!codec.mixer_wins(&prose, &params, &|_| ()).unwrap());
    }
}
