//! Matrices and vectors as a graph has them, read as floats: rows first, a few rows at a time.

use super::files::{Files, INT4, Place, UINT4, UINT8, float_of, kind_name};
use super::graph::Tensor;
use crate::error::{Error, Result, shown};
use crate::import::floats::Float;
use std::cell::RefCell;
use std::ops::Range;

/// The last matrix that lies with its columns first, whole.
pub(super) type Turned = RefCell<Option<(Place, Vec<u8>)>>;

/// Numbers in a form that can be read.
#[derive(Debug)]
pub(super) enum Stored {
    Floats(Floats),
    Blocks(Blocks),
}

/// A matrix of floats, or a vector as a matrix of one column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Floats {
    place: Place,
    float: Float,
    rows: usize,
    cols: usize,
    /// Whether it lies with the columns first, as `MatMul` has its weights.
    is_turned: bool,
}

/// A matrix of small whole numbers with a scale and a zero point for each block of a row:
/// `(number - zero) * scale`.
#[derive(Debug)]
pub(super) struct Blocks {
    rows: usize,
    cols: usize,
    block_cols: usize,
    bits: usize,
    is_signed: bool,
    row_bytes: usize,
    data: Place,
    scales: Floats,
    zeros: Zeros,
}

/// The zero points of blocks.
#[derive(Debug)]
enum Zeros {
    All(f32),
    /// As many bits as a weight has; each row begins with a byte.
    Packed(Place),
    /// Four bits, the rows close behind each other.
    Close(Place),
    Floats(Floats),
}

/// How a matrix of blocks is cut, as its operator says.
pub(super) struct Cut {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) bits: i64,
    pub(super) block_cols: i64,
}

impl Stored {
    /// Rows and columns.
    pub(super) fn shape(&self) -> [usize; 2] {
        match self {
            Stored::Floats(floats) => [floats.rows, floats.cols],
            Stored::Blocks(blocks) => [blocks.rows, blocks.cols],
        }
    }

    /// Appends consecutive rows, which are there.
    ///
    /// # Errors
    /// As for reading the file.
    pub(super) fn read(
        &self,
        files: &Files,
        turned: &Turned,
        rows: Range<usize>,
        out: &mut Vec<f32>,
    ) -> Result<()> {
        match self {
            Stored::Floats(floats) if floats.is_turned => {
                floats.read_turned(files, turned, rows, out)
            }
            Stored::Floats(floats) => floats.read(files, rows, out),
            Stored::Blocks(blocks) => blocks.read(files, rows, out),
        }
    }
}

impl Floats {
    /// A tensor of floats with at most two dimensions.
    ///
    /// # Errors
    /// `Unsupported` or `Damaged` naming the tensor.
    pub(super) fn new(files: &Files, tensor: &Tensor, is_turned: bool) -> Result<Floats> {
        let float = float_of(tensor.kind).ok_or_else(|| wrong_kind(tensor, "floats"))?;
        let place = files.place(tensor)?;
        let (mut rows, mut cols) = match tensor.shape[..] {
            [rows] => (rows, 1),
            [rows, cols] => (rows, cols),
            _ => return Err(tensor.error(&format!("its shape is {:?}", tensor.shape))),
        };
        if is_turned {
            (rows, cols) = (cols, rows);
        }
        // Their product is bytes that are there, so that each fits.
        Ok(Floats { place, float, rows: rows as usize, cols: cols as usize, is_turned })
    }

    /// Whether it can be a vector; a matrix of one column is none of ours.
    pub(super) fn is_vector(&self) -> bool {
        self.cols == 1
    }

    fn read(&self, files: &Files, rows: Range<usize>, out: &mut Vec<f32>) -> Result<()> {
        let row_bytes = self.cols * self.float.bytes();
        let mut bytes = vec![0; rows.len() * row_bytes];
        files.read(self.place, rows.start * row_bytes, &mut bytes)?;
        self.float.decode(&bytes, out);
        Ok(())
    }

    /// A row lies all over such a matrix, so it is kept as long as no other is asked for.
    fn read_turned(
        &self,
        files: &Files,
        turned: &Turned,
        rows: Range<usize>,
        out: &mut Vec<f32>,
    ) -> Result<()> {
        let mut turned = turned.borrow_mut();
        if turned.as_ref().is_none_or(|(place, _)| *place != self.place) {
            // The old one goes first.
            *turned = None;
            let mut bytes = vec![0; self.rows * self.cols * self.float.bytes()];
            files.read(self.place, 0, &mut bytes)?;
            *turned = Some((self.place, bytes));
        }
        let Some((_, bytes)) = &*turned else { return Ok(()) };
        let size = self.float.bytes();
        let mut row_bytes = Vec::with_capacity(self.cols * size);
        for row in rows {
            row_bytes.clear();
            let column = bytes.chunks_exact(self.rows * size);
            column.for_each(|all| row_bytes.extend(&all[row * size..(row + 1) * size]));
            self.float.decode(&row_bytes, out);
        }
        Ok(())
    }
}

impl Blocks {
    /// A matrix of blocks: its numbers, its scales, and its zero points where there are some.
    ///
    /// # Errors
    /// `Unsupported` or `Damaged` naming the tensor.
    pub(super) fn new(
        files: &Files,
        cut: &Cut,
        data: &Tensor,
        scales: &Tensor,
        zeros: Option<&Tensor>,
    ) -> Result<Blocks> {
        let Cut { rows, cols, bits, block_cols } = *cut;
        let (bits, is_signed) = match (data.kind, bits) {
            (UINT8, 2 | 4 | 8) => (bits as usize, false),
            (UINT4, _) => (4, false),
            (INT4, _) => (4, true),
            (UINT8, _) => return Err(unsupported(data, &format!("it has {bits} bits a number"))),
            _ => return Err(wrong_kind(data, "packed numbers")),
        };
        let is_close = data.kind != UINT8;
        let block_cols = usize::try_from(block_cols)
            .ok()
            .filter(|n| n.is_power_of_two() && (16..=1 << 16).contains(n))
            .ok_or_else(|| unsupported(data, &format!("its blocks have {block_cols} numbers")))?;
        if rows == 0 || cols == 0 {
            return Err(data.error("it is empty"));
        }
        let blocks = cols.div_ceil(block_cols);
        // Whole blocks, or only the numbers that there are.
        let padded_bytes = (blocks * block_cols * bits / 8) as u64;
        let least_bytes = (cols * bits).div_ceil(8) as u64;
        let place = files.place(data)?;
        let row_bytes = match data.elements()? {
            n if is_close && n == (rows * cols) as u64 && cols.is_multiple_of(2) => least_bytes,
            n if !is_close && Some(n) == padded_bytes.checked_mul(rows as u64) => padded_bytes,
            n if !is_close && Some(n) == least_bytes.checked_mul(rows as u64) => least_bytes,
            _ => return Err(other_shape(data, &format!("{rows} rows of {cols} numbers"))),
        };
        let n_blocks = (rows * blocks) as u64;
        let per_block = |tensor: &Tensor| -> Result<Floats> {
            if tensor.elements()? != n_blocks {
                return Err(other_shape(tensor, &format!("{rows} rows of {blocks} blocks")));
            }
            let float = float_of(tensor.kind).ok_or_else(|| wrong_kind(tensor, "floats"))?;
            let place = files.place(tensor)?;
            Ok(Floats { place, float, rows, cols: blocks, is_turned: false })
        };
        let zeros = match zeros {
            // Bytes stand for numbers on both sides of the middle; four bits that are a kind of their own, for what they are.
            None if is_close => Zeros::All(0.0),
            None => Zeros::All((1u32 << (bits - 1)) as f32),
            Some(zeros) if float_of(zeros.kind).is_some() => Zeros::Floats(per_block(zeros)?),
            Some(zeros) if zeros.kind == data.kind => {
                let row = if is_close { blocks } else { (blocks * bits).div_ceil(8) };
                if zeros.elements()? != (rows * row) as u64 {
                    return Err(other_shape(zeros, &format!("{rows} rows of {blocks} blocks")));
                }
                let place = files.place(zeros)?;
                if is_close { Zeros::Close(place) } else { Zeros::Packed(place) }
            }
            Some(zeros) => return Err(wrong_kind(zeros, "floats or packed numbers")),
        };
        let scales = per_block(scales)?;
        let row_bytes = row_bytes as usize;
        Ok(Blocks {
            rows,
            cols,
            block_cols,
            bits,
            is_signed,
            row_bytes,
            data: place,
            scales,
            zeros,
        })
    }

    fn read(&self, files: &Files, rows: Range<usize>, out: &mut Vec<f32>) -> Result<()> {
        let mut bytes = vec![0; rows.len() * self.row_bytes];
        files.read(self.data, rows.start * self.row_bytes, &mut bytes)?;
        let mut scales = Vec::new();
        self.scales.read(files, rows.clone(), &mut scales)?;
        let zeros = self.zeros(files, rows)?;
        let blocks = self.scales.cols;
        for (row, bytes) in bytes.chunks_exact(self.row_bytes).enumerate() {
            let scales = &scales[row * blocks..][..blocks];
            let zeros = zeros.get(row * blocks..).unwrap_or_default();
            for col in 0..self.cols {
                let block = col / self.block_cols;
                let zero = match self.zeros {
                    Zeros::All(zero) => zero,
                    _ => zeros[block],
                };
                out.push((self.number(bytes, col) - zero) * scales[block]);
            }
        }
        Ok(())
    }

    /// Zero points of the blocks of some rows; none where all are the same.
    fn zeros(&self, files: &Files, rows: Range<usize>) -> Result<Vec<f32>> {
        let blocks = self.scales.cols;
        let mut out = Vec::new();
        match self.zeros {
            Zeros::All(_) => {}
            Zeros::Floats(floats) => floats.read(files, rows, &mut out)?,
            Zeros::Packed(place) => {
                let row_bytes = (blocks * self.bits).div_ceil(8);
                let mut bytes = vec![0; rows.len() * row_bytes];
                files.read(place, rows.start * row_bytes, &mut bytes)?;
                for row in bytes.chunks_exact(row_bytes) {
                    out.extend((0..blocks).map(|block| self.number(row, block)));
                }
            }
            Zeros::Close(place) => {
                let (first, end) = (rows.start * blocks, rows.end * blocks);
                let mut bytes = vec![0; end.div_ceil(2) - first / 2];
                files.read(place, first / 2, &mut bytes)?;
                out.extend((first..end).map(|at| self.number(&bytes, at - first / 2 * 2)));
            }
        }
        Ok(out)
    }

    /// The number at some place of packed ones, the first of a byte in its low bits.
    fn number(&self, bytes: &[u8], at: usize) -> f32 {
        let per_byte = 8 / self.bits;
        let byte = u32::from(bytes[at / per_byte]);
        let number = byte >> (at % per_byte * self.bits) & ((1 << self.bits) - 1);
        let is_negative = self.is_signed && number >> (self.bits - 1) == 1;
        number as f32 - if is_negative { (1u32 << self.bits) as f32 } else { 0.0 }
    }
}

fn other_shape(tensor: &Tensor, wanted: &str) -> Error {
    tensor.error(&format!("its shape is {:?}, which is not {wanted}", tensor.shape))
}

fn wrong_kind(tensor: &Tensor, wanted: &str) -> Error {
    unsupported(tensor, &format!("it is {}, where {wanted} are expected", kind_name(tensor.kind)))
}

fn unsupported(tensor: &Tensor, what: &str) -> Error {
    Error::unsupported(format!("tensor {}: {what}", shown(&tensor.name)))
}
