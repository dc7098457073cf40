//! What was answered: numbers of values, and where numbers lead.

use std::collections::HashMap;

use crate::hashing::Random;

/// So many values of a field that is asked for keywords alone are remembered though they hold none.
const FEW: usize = 256;

/// Values of one field, as they are written, by the number of the tests that they pass.
pub struct Memo {
    numbers: HashMap<Box<[u8]>, u32, Random>,
    /// Whether so many values without a keyword came that more aren't worth remembering.
    pub varied: bool,
}

impl Memo {
    pub fn new(random: Random) -> Self {
        Memo { numbers: HashMap::with_hasher(random), varied: false }
    }

    #[inline]
    pub fn get(&self, value: &[u8]) -> Option<u32> {
        self.numbers.get(value).copied()
    }

    /// Remembers a value; returns what that takes in bytes, about.
    pub fn set(&mut self, value: &[u8], number: u32) -> usize {
        self.numbers.insert(Box::from(value), number);
        value.len() + 48
    }

    /// Remembers a value without a keyword, unless there are many.
    pub fn set_free(&mut self, value: &[u8]) -> usize {
        if self.numbers.len() >= FEW {
            self.varied = true;
            return 0;
        }
        self.set(value, 0)
    }
}

/// What to do with the value of a field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Look its number up.
    Tested,
    /// The same, though nothing but keywords is asked of it.
    Keyword,
    /// It must hold no keyword; it has no number.
    Apart,
}

#[derive(Clone, Copy)]
pub struct Field {
    pub place: u32,
    pub class: Class,
    pub memo: u32,
}

/// A step on the way of an event: its fields, and where the numbers of their values lead.
pub struct Node {
    pub fields: Box<[Field]>,
    pub keywords: u32,
    following: HashMap<Box<[u32]>, u32, Random>,
}

impl Node {
    pub fn new(fields: Vec<Field>, keywords: u32, random: Random) -> Self {
        Node { fields: fields.into_boxed_slice(), keywords, following: HashMap::with_hasher(random) }
    }

    #[inline]
    pub fn get(&self, numbers: &[u32]) -> Option<u32> {
        self.following.get(numbers).copied()
    }

    /// Remembers where numbers lead; returns what that takes in bytes, about.
    pub fn set(&mut self, numbers: &[u32], next: u32) -> usize {
        self.following.insert(Box::from(numbers), next);
        4 * numbers.len() + 48
    }
}
