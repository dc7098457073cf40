//! Which of many literals a text holds, in one pass over its bytes.
//!
//! A literal of four bytes or more is entered under one word of four in it, that which the fewest others hold; shorter
//! ones under their first byte. So nearly every place of a text is done with by one look at a table of bits.

use std::collections::HashMap;

use crate::hashing::Random;

const WORD: usize = 4;
const BITS: u32 = 18;

/// A literal, and where in it the word stands that it is entered under.
#[derive(Clone, Copy)]
struct Entry {
    literal: u32,
    offset: u32,
}

pub struct Literals {
    texts: Vec<Box<[u8]>>,
    bits: Vec<u64>,
    by_word: HashMap<u32, Vec<Entry>, Random>,
    by_byte: Vec<Vec<u32>>,
    has_short: bool,
    /// For each literal the number of the text it was found in last.
    found_in: Vec<u32>,
    text: u32,
}

impl Literals {
    /// `data` holds the literals side by side, `ends` where each ends; none is empty.
    pub fn new(data: &[u8], ends: &[u32]) -> Self {
        let random = Random::new();
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let texts: Vec<Box<[u8]>> =
            starts.zip(ends).map(|(start, &end)| Box::from(&data[start as usize..end as usize])).collect();
        let mut found = Literals {
            bits: vec![0; 1 << (BITS - 6)],
            by_word: HashMap::with_hasher(random),
            by_byte: vec![Vec::new(); 256],
            has_short: false,
            found_in: vec![0; texts.len()],
            text: 0,
            texts,
        };
        found.enter(random);
        found
    }

    fn enter(&mut self, random: Random) {
        let mut counts: HashMap<u32, u32, Random> = HashMap::with_hasher(random);
        for word in self.texts.iter().flat_map(|text| text.windows(WORD)) {
            *counts.entry(word_of(word)).or_insert(0) += 1;
        }
        for (literal, text) in self.texts.iter().enumerate() {
            let rarest = text.windows(WORD).enumerate().min_by_key(|(_, word)| counts[&word_of(word)]);
            match rarest {
                Some((offset, word)) => {
                    let word = word_of(word);
                    let entry = Entry { literal: literal as u32, offset: offset as u32 };
                    self.by_word.entry(word).or_insert_with(Vec::new).push(entry);
                    let (at, bit) = place_of(word);
                    self.bits[at] |= bit;
                }
                None => {
                    self.by_byte[usize::from(text[0])].push(literal as u32);
                    self.has_short = true;
                }
            }
        }
    }

    /// Writes the numbers of the literals in a text to `out`, which has room for all; returns how many there are.
    pub fn search(&mut self, text: &[u8], out: &mut [u32]) -> usize {
        self.next_text();
        let mut count = 0;
        for (at, word) in text.windows(WORD).enumerate() {
            let word = word_of(word);
            let (place, bit) = place_of(word);
            if self.bits[place] & bit != 0 {
                for entry in self.by_word.get(&word).map_or(&[][..], Vec::as_slice) {
                    let literal = &self.texts[entry.literal as usize];
                    let new = self.found_in[entry.literal as usize] != self.text;
                    let start = at.checked_sub(entry.offset as usize);
                    if new && start.map_or(false, |start| text[start..].starts_with(literal)) {
                        self.found_in[entry.literal as usize] = self.text;
                        out[count] = entry.literal;
                        count += 1;
                    }
                }
            }
        }
        if self.has_short {
            count = self.search_short(text, out, count);
        }
        count
    }

    fn search_short(&mut self, text: &[u8], out: &mut [u32], mut count: usize) -> usize {
        for (at, &byte) in text.iter().enumerate() {
            for &literal in &self.by_byte[usize::from(byte)] {
                let new = self.found_in[literal as usize] != self.text;
                if new && text[at..].starts_with(&self.texts[literal as usize]) {
                    self.found_in[literal as usize] = self.text;
                    out[count] = literal;
                    count += 1;
                }
            }
        }
        count
    }

    fn next_text(&mut self) {
        if self.text == u32::MAX {
            self.found_in.iter_mut().for_each(|text| *text = 0);
            self.text = 0;
        }
        self.text += 1;
    }
}

fn word_of(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn place_of(word: u32) -> (usize, u64) {
    let hash = word.wrapping_mul(0x9e37_79b1) >> (32 - BITS);
    ((hash >> 6) as usize, 1 << (hash & 63))
}
