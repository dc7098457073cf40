//! A quick hash with a secret start, so that nobody can choose texts that meet.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

#[derive(Clone, Copy)]
pub struct Random {
    seed: u64,
}

impl Random {
    pub fn new() -> Self {
        Random { seed: RandomState::new().build_hasher().finish() | 1 }
    }
}

impl BuildHasher for Random {
    type Hasher = Mixed;

    #[inline]
    fn build_hasher(&self) -> Mixed {
        Mixed { state: self.seed, seed: self.seed }
    }
}

pub fn hash(random: &Random, number: u32, text: &[u8]) -> u64 {
    let mut hasher = random.build_hasher();
    hasher.write_u32(number);
    hasher.write(text);
    hasher.finish()
}

/// Multiplies by what came before, eight bytes at a time, and folds the halves of the product together.
pub struct Mixed {
    state: u64,
    seed: u64,
}

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline]
fn folded(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product >> 64) as u64 ^ product as u64
}

#[inline]
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

#[inline]
fn eight(bytes: &[u8]) -> u64 {
    let mut whole = [0; 8];
    whole.copy_from_slice(bytes);
    u64::from_le_bytes(whole)
}

impl Hasher for Mixed {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut state = self.state ^ bytes.len() as u64;
        let mut pairs = bytes.chunks_exact(16);
        for pair in &mut pairs {
            state = folded(eight(&pair[..8]) ^ state, eight(&pair[8..]) ^ self.seed ^ ODD);
        }
        let rest = pairs.remainder();
        let (one, other) = if rest.len() >= 8 {
            // The last eight bytes may share some with the first; the length tells such texts apart.
            (eight(&rest[..8]), eight(&rest[rest.len() - 8..]))
        } else {
            (word(rest), 0)
        };
        self.state = folded(one ^ state, other ^ self.seed ^ ODD);
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.state = folded(self.state ^ u64::from(number), self.seed ^ ODD);
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.state = folded(self.state ^ number, self.seed ^ ODD);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        folded(self.state, self.seed ^ ODD)
    }
}
