//! Lines of flat JSON objects, taken apart into columns: texts in UTF-8 side by side, whole numbers, nothing else.
//!
//! All lines are taken or none: whoever asks has another way for lines that are in any way unusual.

use std::collections::HashMap;

use crate::hashing::Random;
use crate::json::{self, Kind, Value};
use crate::names::Names;

/// Lots of lines with the same names and kinds of values that one batch may have.
const LOTS_BOUND: usize = 8_192;
const TEXT: u8 = 0;
const NUMBER: u8 = 1;
const NOTHING: u8 = 2;

#[derive(Default)]
struct Column {
    data: Vec<u8>,
    lengths: Vec<i32>,
    numbers: Vec<i64>,
}

struct Lot {
    lines: Vec<i64>,
    kinds: Vec<u8>,
    columns: Vec<Column>,
}

impl Lot {
    fn size(&self) -> usize {
        let columns = self.columns.iter().map(|each| each.data.len() + 4 * each.lengths.len() + 8 * each.numbers.len());
        8 * self.lines.len() + columns.sum::<usize>()
    }
}

/// Returns the columns of lines as `words` tells them; None when one of them is unusual.
pub fn read(data: &[u8], ends: &[u32]) -> Option<Vec<u8>> {
    let random = Random::new();
    let mut names = Names::new(random);
    let mut known: HashMap<Vec<u8>, usize, Random> = HashMap::with_hasher(random);
    let (mut lots, mut values, mut key) = (Vec::<Lot>::new(), Vec::new(), Vec::new());
    let mut start = 0;
    for (number, &end) in ends.iter().enumerate() {
        let line = data.get(start..end as usize)?;
        start = end as usize;
        let place = json::read(line, &mut names, &mut values)?;
        key.clear();
        key.extend_from_slice(&place.to_le_bytes());
        for value in &values {
            key.push(kind_of(line, value)?);
        }
        let at = match known.get(&key) {
            Some(&at) => at,
            None => {
                if lots.len() == LOTS_BOUND || values.is_empty() {
                    return None;
                }
                known.insert(key.clone(), lots.len());
                let columns = values.iter().map(|_| Column::default()).collect();
                lots.push(Lot { lines: Vec::new(), kinds: key[4..].to_vec(), columns });
                lots.len() - 1
            }
        };
        let lot = &mut lots[at];
        lot.lines.push(number as i64);
        for (column, value) in lot.columns.iter_mut().zip(&values) {
            column.add(line, value)?;
        }
    }
    Some(words(&lots))
}

fn kind_of(line: &[u8], value: &Value) -> Option<u8> {
    let text = &line[value.start as usize..value.end as usize];
    match value.kind {
        Kind::Text | Kind::Rich => Some(TEXT),
        Kind::Null => Some(NOTHING),
        Kind::Number if matches!(text[0], b'-' | b'0'..=b'9') && !text.contains(&b'.') => Some(NUMBER),
        _ => None,
    }
}

impl Column {
    fn add(&mut self, line: &[u8], value: &Value) -> Option<()> {
        let text = &line[value.start as usize..value.end as usize];
        match value.kind {
            Kind::Text | Kind::Rich => {
                let before = self.data.len();
                unescape(&text[1..text.len() - 1], &mut self.data)?;
                self.lengths.push(i32::try_from(self.data.len() - before).ok()?);
            }
            Kind::Number => self.numbers.push(std::str::from_utf8(text).ok()?.parse().ok()?),
            _ => {}
        }
        Some(())
    }
}

/// Appends what a string of JSON says; its escapes were looked at before.
fn unescape(mut text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    if !text.contains(&b'\\') {
        out.extend_from_slice(text);
        return Some(());
    }
    while let Some(at) = text.iter().position(|&byte| byte == b'\\') {
        out.extend_from_slice(&text[..at]);
        let mut after = at + 2;
        match text.get(at + 1)? {
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                after = at + 6;
                let digits = std::str::from_utf8(text.get(at + 2..after)?).ok()?;
                let sign = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
                out.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes());
            }
            &other => out.push(other),
        }
        text = text.get(after..)?;
    }
    out.extend_from_slice(text);
    Some(())
}

/// Writes lots down: eight-byte numbers (how many of them, lots; of each lot its rows and columns, of each column its
/// kind and bytes of text), then of each lot the lines' numbers, and of each column lengths and text, or numbers.
fn words(lots: &[Lot]) -> Vec<u8> {
    let mut head: Vec<i64> = vec![0, lots.len() as i64];
    for lot in lots {
        head.extend_from_slice(&[lot.lines.len() as i64, lot.kinds.len() as i64]);
        for (column, &kind) in lot.columns.iter().zip(&lot.kinds) {
            head.extend_from_slice(&[i64::from(kind), column.data.len() as i64]);
        }
    }
    head[0] = head.len() as i64;
    let size: usize = lots.iter().map(Lot::size).sum();
    let mut out = Vec::with_capacity(size + 8 * head.len());
    long(&head, &mut out);
    for lot in lots {
        long(&lot.lines, &mut out);
        for column in &lot.columns {
            column.lengths.iter().for_each(|each| out.extend_from_slice(&each.to_ne_bytes()));
            out.extend_from_slice(&column.data);
            long(&column.numbers, &mut out);
        }
    }
    out
}

fn long(numbers: &[i64], out: &mut Vec<u8>) {
    numbers.iter().for_each(|each| out.extend_from_slice(&each.to_ne_bytes()));
}
