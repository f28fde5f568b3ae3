//! Many groups: the short ones go through the model together.

use super::opened::Opened;
use super::{Codec, Prepared, shortest};
use crate::codec::many::{decode_many, encode_many};
use crate::container::{CodedGroup, EncodedGroup, GroupCodec, GroupParams, Method, Unwatched};
use crate::error::Result;
use crate::parallel;

impl Codec {
    /// Encodes groups, the short ones together.
    pub(super) fn encode_all(
        &self,
        plains: &[&[u8]],
        params: &GroupParams,
    ) -> Vec<Result<EncodedGroup>> {
        self.encode_together(plains, params).unwrap_or_else(|_| {
            // One by one, so that each meets its own error.
            plains.iter().map(|plain| self.encode(plain, params, &|_| ())).collect()
        })
    }

    fn encode_together(
        &self,
        plains: &[&[u8]],
        params: &GroupParams,
    ) -> Result<Vec<Result<EncodedGroup>>> {
        let prepared =
            plains.iter().map(|plain| self.prepare(plain)).collect::<Result<Vec<_>>>()?;
        let joins = |p: &Prepared| p.choice.runs_model() && self.is_short(p.rest.len(), params);
        let batch: Vec<_> = prepared.iter().filter(|p| joins(p)).collect();
        let mut by_model = Vec::new();
        if !batch.is_empty() {
            let plan = self.plan(1, params, true)?;
            let groups = batch.iter().map(|p| (&p.rest[..], p.coder.clone())).collect();
            by_model = encode_many(groups, &self.predictor(params)?, &plan)?;
        }
        let mut by_mixer: Vec<_> = batch.into_iter().map(|p| (p, Ok(None))).collect();
        parallel::for_each_mut(&mut by_mixer, |(prepared, made)| {
            *made = self.by_mixer(prepared, params, &|_| ());
        });
        let mut made = by_model.into_iter().zip(by_mixer);
        let finish = |(prepared, plain): (&Prepared, &&[u8])| {
            if !joins(prepared) {
                return self.encode(plain, params, &|_| ());
            }
            let (by_model, by_mixer) =
                made.next().map(|(model, (_, mixer))| (model, mixer)).unzip();
            Ok(shortest(by_model, by_mixer.transpose()?.flatten(), plain.len()))
        };
        Ok(prepared.iter().zip(plains).map(finish).collect())
    }

    /// Decodes short groups of one set of parameters, the model running all of them together.
    fn decode_together(
        &self,
        groups: &[CodedGroup<'_>],
        opened: &[(usize, Opened<'_>)],
    ) -> Result<Vec<Result<Vec<u8>>>> {
        let Some((first, _)) = opened.first() else { return Ok(Vec::new()) };
        let params = &groups[*first].params;
        let plan = self.plan(1, params, true)?;
        let jobs = opened.iter().map(|(_, o)| (o.coder.clone(), o.rest_len)).collect();
        let rests = decode_many(jobs, &self.predictor(params)?, &plan)?;
        let whole = |((i, opened), rest): (&(usize, Opened), Result<Vec<u8>>)| {
            rest.map(|rest| opened.put_back(rest, groups[*i].plain_len))
        };
        Ok(opened.iter().zip(rests).map(whole).collect())
    }

    /// Decodes groups, the short ones together.
    pub(super) fn decode_all(&self, groups: &[CodedGroup<'_>]) -> Vec<Result<Vec<u8>>> {
        let alone = |group: &CodedGroup| self.decode(group, &Unwatched)?.into_plain();
        let mut results: Vec<_> = groups.iter().map(|_| None).collect();
        let mut together = Vec::new();
        for (i, group) in groups.iter().enumerate() {
            let opened = Opened::new(group.payload, group.plain_len);
            let fits = |opened: &Opened| {
                group.method == Method::Model
                    && group.params == groups[0].params
                    && self.is_short(opened.rest_len, &group.params)
            };
            match opened {
                Ok(opened) if fits(&opened) => together.push((i, opened)),
                _ => results[i] = Some(alone(group)),
            }
        }
        let decoded = self.decode_together(groups, &together);
        let decoded =
            decoded.unwrap_or_else(|_| together.iter().map(|(i, _)| alone(&groups[*i])).collect());
        for ((i, _), decoded) in together.iter().zip(decoded) {
            results[*i] = Some(decoded);
        }
        results.into_iter().flatten().collect()
    }
}
