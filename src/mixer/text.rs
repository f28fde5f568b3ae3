//! What one lane remembers of its own text beyond the bytes: words, lines, fields, tokens.

use super::hash;

/// Fields of a line whose beginnings are kept.
pub const FIELDS: usize = 32;

/// Classes of bytes, as coarse as a reader at arm's length sees them.
#[inline(always)]
pub fn class(byte: u8) -> u8 {
    match byte {
        b'\n' | b'\r' => 1,
        b' ' | b'\t' => 2,
        b'0'..=b'9' => 3,
        b'a'..=b'z' => 4,
        b'A'..=b'Z' => 5,
        33..=126 => 6,
        128.. => 7,
        _ => 0,
    }
}

/// The state of one lane's text.
#[derive(Clone, Debug)]
pub struct Text {
    /// The last 24 bytes, the newest in the lowest byte of the first number; zeros before the lane's beginning.
    pub recent: [u64; 3],
    /// Hash of the letters of the current word, 0 outside words.
    pub word: u32,
    /// Hashes of the words before.
    pub words: [u32; 3],
    /// Hash of what stands between the last word and here, 0 inside words.
    pub gap: u32,
    /// Where the current line begins, and the one before.
    pub line: usize,
    pub line_above: usize,
    /// Number of the field in the line, and where it begins.
    pub field: usize,
    pub field_start: usize,
    fields: [u32; FIELDS],
    fields_above: [u32; FIELDS],
    /// Hash of the current field's bytes.
    pub field_hash: u32,
    /// Hash of the word before the last `:`, `=`, `<` or `>`.
    pub key: u32,
    /// Classes of the last 16 bytes, 4 bits each.
    pub classes: u64,
    /// The text with digits and letters made alike and their runs made one, 8 bytes.
    pub format: u64,
    /// Hash of the token's bytes so far, and of the tokens before.
    pub token: u32,
    pub tokens: [u32; 2],
    /// The token that the model thinks likeliest where this one began.
    pub best: u32,
    /// Bytes of the token so far.
    pub token_len: u32,
}

impl Text {
    /// The text of a lane that begins at `start`.
    pub fn new(start: usize) -> Self {
        Self {
            recent: [0; 3],
            word: 0,
            words: [0; 3],
            gap: 0,
            line: start,
            line_above: start,
            field: 0,
            field_start: start,
            fields: [start as u32; FIELDS],
            fields_above: [start as u32; FIELDS],
            field_hash: 0,
            key: 0,
            classes: 0,
            format: 0,
            token: 0,
            tokens: [0; 2],
            best: 0,
            token_len: 0,
        }
    }

    /// Notes the byte that stands before `position`.
    pub fn push(&mut self, byte: u8, position: usize) {
        self.recent[2] = self.recent[2] << 8 | self.recent[1] >> 56;
        self.recent[1] = self.recent[1] << 8 | self.recent[0] >> 56;
        self.recent[0] = self.recent[0] << 8 | u64::from(byte);
        self.token = hash::step(self.token, byte);
        self.token_len += 1;

        let class = class(byte);
        self.classes = self.classes << 4 | u64::from(class);
        let alike = match class {
            3 => b'0',
            4 | 5 => b'a',
            7 => 0x80,
            _ => byte,
        };
        if !(alike == self.format as u8 && matches!(class, 2 | 3 | 4 | 5 | 7)) {
            self.format = self.format << 8 | u64::from(alike);
        }

        if matches!(class, 3 | 4 | 5 | 7) {
            self.word = hash::step(self.word, byte.to_ascii_lowercase());
            self.gap = 0;
        } else {
            if matches!(byte, b':' | b'=' | b'<' | b'>') {
                self.key = if self.word != 0 { self.word } else { self.words[0] };
                self.key = hash::step(self.key, byte);
            }
            if self.word != 0 {
                self.words = [self.word, self.words[0], self.words[1]];
                self.word = 0;
            }
            self.gap = hash::step(self.gap, byte);
        }

        if byte == b'\n' {
            self.line_above = self.line;
            self.line = position;
            self.fields_above = self.fields;
            self.field = 0;
            self.begin_field(position);
        } else if matches!(
            byte,
            b',' | b';' | b'\t' | b'|' | b' ' | b'"' | b'=' | b':' | b'/' | b'[' | b'('
        ) {
            self.field += 1;
            self.begin_field(position);
        } else {
            self.field_hash = hash::step(self.field_hash, byte);
        }
    }

    fn begin_field(&mut self, position: usize) {
        self.field_start = position;
        self.field_hash = 0;
        self.fields[self.field % FIELDS] = position as u32;
    }

    /// Ends the current token.
    pub fn end_token(&mut self) {
        self.tokens = [self.token, self.tokens[0]];
        self.token = 0;
        self.token_len = 0;
    }

    /// The byte in the same column of the line above; a line end behind its end.
    pub fn above(&self, history: &[u8], position: usize) -> u8 {
        let at = self.line_above + (position - self.line);
        if at < self.line { history[at] } else { b'\n' }
    }

    /// The byte at the same place of the same field in the line above.
    pub fn above_field(&self, history: &[u8], position: usize) -> u8 {
        let at = self.fields_above[self.field % FIELDS] as usize + (position - self.field_start);
        if at < self.line { history[at] } else { b'\n' }
    }
}
