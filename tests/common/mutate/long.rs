//! A long frame, field by field.

use super::super::Random;
use super::frame::Codecs;
use super::short::numbers;
use super::{any_field, bytes, field, order};
use llmzip::container::{
    CLOSING_MAGIC, Check, Footer, GroupHead, GroupParams, LONG_MAGIC, LongHeader, Method,
    MixerKindCode, Settings, Source, WindowPolicy, next_frame, varint,
};

/// A settings record; its numbers may be such as no writer has.
#[derive(Clone)]
struct Setup {
    flags: u64,
    exact_version: u64,
    params: [u64; 4],
    mixer: u64,
    id: Vec<u8>,
    name_len: u64,
    name: Vec<u8>,
}

#[derive(Clone)]
struct Group {
    settings: Vec<Setup>,
    tag: u64,
    plain_len: u64,
    payload_len: u64,
    payload: Vec<u8>,
}

/// What the footer says where it is not what follows from the groups.
#[derive(Default)]
struct Said {
    group_log2: Option<u64>,
    plain_len: Option<u64>,
    index: Option<Vec<u64>>,
    sha256: Option<[u8; 32]>,
    footer_len: Option<u64>,
    frame_len: Option<u64>,
}

pub struct Long {
    version: u64,
    group_log2: u64,
    groups: Vec<Group>,
    said: Said,
    /// What follows the frame.
    rest: Vec<u8>,
}

fn sealed(mut record: Vec<u8>) -> Vec<u8> {
    let check: [u8; 4] = Check::of(&record);
    record.extend(check);
    record
}

impl Setup {
    fn of(settings: &Settings) -> Self {
        let model = settings.model.as_ref();
        let name = model.map(|model| model.name.clone().into_bytes()).unwrap_or_default();
        Setup {
            flags: model.is_some().into(),
            exact_version: settings.exact_version.into(),
            params: numbers(&settings.params),
            mixer: settings.params.mixer.0.into(),
            id: model.map(|model| model.id.to_vec()).unwrap_or_default(),
            name_len: name.len() as u64,
            name,
        }
    }

    fn change(&mut self, random: &mut Random) {
        match random.below(8) {
            0 => self.flags ^= 1 << random.below(8),
            1 => field(random, &mut self.exact_version),
            2 => field(random, &mut self.mixer),
            3 => bytes(random, &mut self.id),
            4 => field(random, &mut self.name_len),
            5 => {
                bytes(random, &mut self.name);
                self.name_len = self.name.len() as u64;
            }
            _ => any_field(random, &mut self.params),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![Settings::TAG, self.flags as u8];
        varint::write(&mut out, self.exact_version);
        self.params.iter().for_each(|&value| varint::write(&mut out, value));
        out.push(self.mixer as u8);
        if self.flags & 1 != 0 {
            out.extend(&self.id);
            out.push(self.name_len as u8);
            out.extend(&self.name);
        }
        sealed(out)
    }

    /// As a decoder takes them.
    fn params(&self) -> GroupParams {
        let [lanes, window, policy, prime_tokens] = self.params.map(|value| value as u32);
        let window_policy = match policy {
            0 => WindowPolicy::Slide,
            n => WindowPolicy::Hop { keep: n - 1 },
        };
        let mixer = MixerKindCode(self.mixer as u8);
        GroupParams { lanes, window, window_policy, prime_tokens, mixer }
    }
}

impl Group {
    fn method(&self) -> Method {
        Method::from_bits(self.tag as u8)
    }

    fn change(&mut self, random: &mut Random) {
        match random.below(6) {
            0 => self.tag ^= 1 << random.below(8),
            1 => field(random, &mut self.plain_len),
            2 => field(random, &mut self.payload_len),
            3 => bytes(random, &mut self.payload),
            _ => {
                bytes(random, &mut self.payload);
                self.payload_len = self.payload.len() as u64;
            }
        }
    }

    /// The record, and the plain bytes that its check is made for.
    fn to_bytes(
        &self,
        number: u64,
        group_bytes: u64,
        params: &GroupParams,
        codecs: &Codecs<'_>,
    ) -> (Vec<u8>, Vec<u8>) {
        let is_partial = self.tag & 4 != 0;
        let mut head = vec![self.tag as u8];
        if is_partial {
            varint::write(&mut head, self.plain_len);
        }
        if self.method().is_coded() {
            varint::write(&mut head, self.payload_len);
        }
        let plain_len = if is_partial { self.plain_len } else { group_bytes };
        let plain = codecs.plain(self.method(), &self.payload, plain_len, params);
        let plain = plain.unwrap_or_default();
        let check: [u8; 8] = Check::of(&[&number.to_le_bytes(), &head[..], &plain].concat());
        let check = if self.method() == Method::Run { &check[..2] } else { &check };
        let settings: Vec<u8> = self.settings.iter().flat_map(Setup::to_bytes).collect();
        ([&settings, &head, check, &self.payload[..]].concat(), plain)
    }
}

impl Long {
    pub fn parse(file: &[u8]) -> Option<Long> {
        let mut source = Source::new(file.starts_with(&LONG_MAGIC).then_some(file)?);
        let _ = next_frame(&mut source).ok()?;
        let header = LongHeader::read(&mut source).ok()?;
        let (mut groups, mut settings) = (Vec::new(), Vec::new());
        loop {
            match source.byte("").ok()? {
                Footer::TAG => break,
                Settings::TAG => settings.push(Setup::of(&Settings::read(&mut source).ok()?)),
                tag if GroupHead::is_tag(tag) => {
                    let head = GroupHead::read(tag, header.group_bytes(), &mut source).ok()?;
                    groups.push(Group {
                        settings: std::mem::take(&mut settings),
                        tag: tag.into(),
                        plain_len: head.plain_len,
                        payload_len: head.payload_len,
                        payload: source.bytes(head.payload_len, "").ok()?,
                    });
                }
                _ => return None,
            }
        }
        Footer::read(file.len() as u64, &mut source).ok()?;
        let rest = file[source.offset() as usize..].to_vec();
        let group_log2 = header.group_log2.into();
        Some(Long { version: file[4].into(), group_log2, groups, said: Said::default(), rest })
    }

    /// From now on the footer says what it would have said now.
    pub fn freeze_footer(&mut self, codecs: &Codecs<'_>) {
        let (_, plain, index) = self.groups(codecs);
        self.said.plain_len = Some(plain.len() as u64);
        self.said.sha256 = Some(Check::of(&plain));
        self.said.index = Some(index);
    }

    pub fn change(&mut self, random: &mut Random) {
        let n_groups = self.groups.len();
        match random.below(12) {
            0 => field(random, &mut self.version),
            1 => field(random, &mut self.group_log2),
            2 => order(random, &mut self.groups),
            3 => bytes(random, &mut self.rest),
            4 | 5 => self.change_footer(random),
            choice if n_groups > 0 => {
                let at = random.below(n_groups);
                let with = self.groups.iter().position(|group| !group.settings.is_empty());
                match (choice, with) {
                    (6, Some(from)) => {
                        let setup = self.groups[from].settings[0].clone();
                        self.groups[at].settings.push(setup);
                    }
                    (7, Some(from)) => drop(self.groups[from].settings.pop()),
                    (8 | 9, Some(from)) => self.groups[from].settings[0].change(random),
                    _ => self.groups[at].change(random),
                }
            }
            _ => self.change_footer(random),
        }
    }

    fn change_footer(&mut self, random: &mut Random) {
        let said = &mut self.said;
        let other = |random: &mut Random, now: Option<u64>, usual: u64| {
            Some(super::number(random, now.unwrap_or(usual)))
        };
        let plain_len: u64 = self.groups.iter().map(|group| group.plain_len).sum();
        match random.below(7) {
            0 => said.group_log2 = other(random, said.group_log2, self.group_log2),
            1 => said.plain_len = other(random, said.plain_len, plain_len),
            2 => said.sha256 = Some(std::array::from_fn(|_| random.next() as u8)),
            3 => said.footer_len = other(random, said.footer_len, 64),
            4 => said.frame_len = other(random, said.frame_len, 1000),
            choice => {
                // Lengths of any kind will do where the true ones are not known yet.
                let lens = self.groups.iter().map(|group| 2 * (group.payload_len + 10)).collect();
                let index = said.index.get_or_insert(lens);
                if choice == 5 || index.is_empty() {
                    order(random, index);
                } else {
                    let at = random.below(index.len());
                    field(random, &mut index[at]);
                }
            }
        }
    }

    /// All groups' records and plain bytes, and the index that they make.
    fn groups(&self, codecs: &Codecs<'_>) -> (Vec<u8>, Vec<u8>, Vec<u64>) {
        let group_bytes = 1u64.checked_shl(self.group_log2 as u32).unwrap_or(0);
        let (mut records, mut plains, mut index) = (Vec::new(), Vec::new(), Vec::new());
        let mut params = GroupParams::default();
        for (number, group) in self.groups.iter().enumerate() {
            params = group.settings.last().map_or(params, Setup::params);
            let (record, plain) = group.to_bytes(number as u64, group_bytes, &params, codecs);
            index.push((record.len() as u64) << 1 | u64::from(!group.settings.is_empty()));
            records.extend(record);
            plains.extend(plain);
        }
        (records, plains, index)
    }

    pub fn to_bytes(&self, codecs: &Codecs<'_>) -> Vec<u8> {
        let (records, plain, index) = self.groups(codecs);
        let said = &self.said;
        let log2 = self.group_log2 as u8;
        let mut out = sealed([&LONG_MAGIC[..], &[self.version as u8, log2]].concat());
        out.extend(records);
        let mut footer = vec![Footer::TAG, said.group_log2.map_or(log2, |log2| log2 as u8)];
        varint::write(&mut footer, said.plain_len.unwrap_or(plain.len() as u64));
        for &entry in said.index.as_ref().unwrap_or(&index) {
            varint::write(&mut footer, entry);
        }
        footer.extend(said.sha256.unwrap_or_else(|| Check::of(&plain)));
        let footer_len = footer.len() as u64 + 18;
        let frame_len = out.len() as u64 + footer_len;
        footer.extend(&said.footer_len.unwrap_or(footer_len).to_le_bytes()[..4]);
        footer.extend(&said.frame_len.unwrap_or(frame_len).to_le_bytes()[..6]);
        out.extend(sealed(footer));
        out.extend(CLOSING_MAGIC);
        out.extend(&self.rest);
        out
    }
}
