//! Texts that can hold no keyword, told by their skeletons: lower case, without digits and the letters a to f.

use std::collections::HashMap;

use crate::hashing::Random;

pub struct Keywords {
    skeletons: Vec<String>,
    pub numbers_hold_none: bool,
    free: HashMap<Box<[u8]>, bool, Random>,
    size: usize,
}

impl Keywords {
    /// `skeletons` of the keywords are ASCII, none is empty; without any, no text is free.
    pub fn new(skeletons: Vec<String>, numbers_hold_none: bool, random: Random) -> Self {
        Keywords { skeletons, numbers_hold_none, free: HashMap::with_hasher(random), size: 0 }
    }

    /// Returns how many bytes are remembered, about.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Tells whether no keyword can be in a text: what stands between a string's quotes, ASCII without codes.
    pub fn absent(&mut self, text: &[u8], room: &mut Vec<u8>) -> bool {
        if self.skeletons.is_empty() {
            return false;
        }
        reduce(text, room);
        if let Some(&known) = self.free.get(room.as_slice()) {
            return known;
        }
        let skeleton = std::str::from_utf8(room).unwrap_or("");
        let free = !self.skeletons.iter().any(|keyword| skeleton.contains(keyword.as_str()));
        self.size += room.len() + 64;
        self.free.insert(Box::from(room.as_slice()), free);
        free
    }
}

/// What a byte is in a skeleton; 0 where it is left out.
const KEPT: [u8; 256] = kept();

const fn kept() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 1;
    while byte < 128 {
        let letter = (byte as u8).to_ascii_lowercase();
        if !matches!(letter, b'0'..=b'9' | b'a'..=b'f') {
            table[byte] = letter;
        }
        byte += 1;
    }
    table
}

fn reduce(text: &[u8], room: &mut Vec<u8>) {
    room.clear();
    room.resize(text.len(), 0);
    let (mut from, mut to) = (0, 0);
    while from < text.len() {
        let mut letter = KEPT[usize::from(text[from])];
        if letter == b'\\' {
            from += 1;
            letter = match text.get(from) {
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(&other) => other,
                None => 0,
            };
        }
        room[to] = letter;
        to += usize::from(letter != 0);
        from += 1;
    }
    room.truncate(to);
}
