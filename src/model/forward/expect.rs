//! What a block's attention will read, asked for while the products before it compute.
//!
//! With few rows a product waits for its weights more than it multiplies, and has no time for anything else; each row
//! more is time in which memory would be idle. So the keys and values of as many rows are asked for as there is time;
//! attention asks for the others itself, one head ahead.

use super::{Forward, Row, Scratch};
use crate::kernels::{Awaited, linear_asks};
use crate::model::cache::LaneCache;

/// Rows that read a weight in the time in which it comes from the third-level cache: 430 G multiplications and 60 GB a
/// second were measured (Zen 5).
const ROWS_TO_WAIT: usize = 7;

/// Bytes that are asked for at most, so that they are still in the second-level cache when their turn comes.
const MOST_BYTES: usize = 448 << 10;

/// Rows beyond which products wait for nothing, and lanes are met several times.
const MOST_ROWS: usize = 16;

/// What the products are to ask for.
pub struct Expected {
    /// The keys and values of some lanes.
    pub awaited: Awaited,
    /// How many rows, from the first on, have theirs among them.
    pub rows: usize,
}

impl Expected {
    /// Nothing yet.
    pub fn new() -> Expected {
        Expected { awaited: Awaited::with_capacity(2 * MOST_ROWS), rows: 0 }
    }
}

impl Forward<'_> {
    /// Chooses what the products before attention in block `index` ask for; nothing where there is no such block.
    pub(super) fn expect(
        &self,
        index: usize,
        rows: &[Row],
        lanes: &[LaneCache],
        scratch: &mut Scratch,
    ) {
        let expected = &mut scratch.expected;
        expected.awaited.clear();
        expected.rows = 0;
        let Some(block) = self.model.layout.blocks.get(index) else { return };
        let asks = block.down.bits == 8 && linear_asks(self.isa, rows.len(), block.down.groups());
        if !asks || scratch.attention.len() > 1 || rows.len() > MOST_ROWS {
            return;
        }
        let weights = block.weight_bytes();
        let spare = (weights * rows.len() / ROWS_TO_WAIT).saturating_sub(weights);
        let mut bytes = 0;
        for row in rows {
            let areas = lanes[row.lane].areas(index);
            bytes += areas.map(<[i8]>::len).iter().sum::<usize>();
            // The first row's at any rate: nobody else asks for them.
            if expected.rows > 0 && bytes > spare.min(MOST_BYTES) {
                return;
            }
            for area in areas {
                expected.awaited.push(area);
            }
            expected.rows += 1;
        }
    }
}
