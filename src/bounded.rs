//! JSON that anybody may have written: read with no more memory than a stated number of things takes.
//!
//! A plain `serde_json::Value` takes sixteen times the bytes of an array of small numbers. So large
//! files are read into types that name what is wanted, which pass over everything else, and lists
//! and free-form values have a limit.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::Value;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

/// A list of at most `N` things.
#[derive(Debug)]
pub(crate) struct UpTo<T, const N: usize>(pub(crate) Vec<T>);

impl<T, const N: usize> Default for UpTo<T, N> {
    fn default() -> Self {
        UpTo(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for UpTo<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T, const N: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for List<T, N> {
            type Value = UpTo<T, N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {N}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    if list.len() == N {
                        return Err(A::Error::custom(format_args!(
                            "a list has more than {N} parts"
                        )));
                    }
                    list.push(item);
                }
                Ok(UpTo(list))
            }
        }
        deserializer.deserialize_seq(List(PhantomData))
    }
}

/// A value of any form, but a small one.
#[derive(Debug, Default)]
pub(crate) struct Small(pub(crate) Value);

impl Small {
    /// Values inside it, itself included.
    const MOST: usize = 10_000;
}

impl<'de> Deserialize<'de> for Small {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let left = Cell::new(Small::MOST);
        Part { left: &left }.deserialize(deserializer).map(Small)
    }
}

/// A part of a small value.
#[derive(Clone, Copy)]
struct Part<'a> {
    /// How many more there may be.
    left: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| {
            D::Error::custom(format_args!("a field holds more than {} values", Small::MOST))
        })?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = serde_json::Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            map.insert(name, fields.next_value_seed(self)?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_at_their_limit() {
        let read = |text: &str| serde_json::from_str::<UpTo<u8, 3>>(text);
        assert_eq!(read("[1,2,3]").unwrap().0, [1, 2, 3]);
        assert!(read("[1,2,3,4]").is_err() && read("{}").is_err());
    }

    #[test]
    fn small_values_are_what_they_were_and_large_ones_are_refused() {
        let text = r#"{"a":[1,-2,3.5,true,null,{"b":"c"}],"d":{}}"#;
        let small: Small = serde_json::from_str(text).unwrap();
        assert_eq!(small.0, serde_json::from_str::<Value>(text).unwrap());
        let large = format!("[{}0]", "0,".repeat(20_000));
        assert!(serde_json::from_str::<Small>(&large).is_err());
        assert!(serde_json::from_str::<Small>(&"[".repeat(100_000)).is_err());
    }
}
