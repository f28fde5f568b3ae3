//! Stand-in.
use std::ops::Range;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MixerKind {
    Light,
    Default,
    Full,
}
impl MixerKind {
    pub fn code(self) -> u8 {
        self as u8
    }
    pub fn from_code(c: u8) -> Option<MixerKind> {
        [MixerKind::Light, MixerKind::Default, MixerKind::Full].get(c as usize).copied()
    }
}
#[derive(Clone, Debug)]
pub struct StartValues;
impl StartValues {
    pub fn generic() -> Self {
        StartValues
    }
    pub fn to_bytes(&self) -> Vec<u8> {
        Vec::new()
    }
    pub fn from_bytes(_: &[u8]) -> crate::Result<Self> {
        Ok(StartValues)
    }
}
pub struct Mixer;
impl Mixer {
    pub fn new(_: MixerKind, _: bool, _: &[Range<usize>], _: &StartValues) -> Mixer {
        Mixer
    }
    pub fn memory_bytes(_: MixerKind, _: usize) -> usize {
        0
    }
    pub fn begin_token(&mut self, _: usize) {}
    pub fn end_token(&mut self) {}
    pub fn predict_end(&mut self, p: u32) -> u32 {
        (p >> 10).clamp(1, (1 << 22) - 1)
    }
    pub fn update_end(&mut self, _: bool) {}
    pub fn predict_bit(&mut self, p: Option<u32>) -> u32 {
        (p.unwrap_or(1 << 31) >> 10).clamp(1, (1 << 22) - 1)
    }
    pub fn update_bit(&mut self, _: bool) {}
    pub fn skip_bit(&mut self, _: bool) {}
}
