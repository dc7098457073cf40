//! The names of events in their order, as a tree: each place in it stands for the names on the way to it.

use std::collections::HashMap;

use crate::hashing::{hash, Random};

/// Events with more names are let through.
const DEPTH_BOUND: u32 = 512;
pub const UNKNOWN: u32 = u32::MAX;

struct Place {
    /// Where events with exactly these names begin.
    plan: u32,
    depth: u32,
    /// The name before this place.
    name: Box<[u8]>,
    /// The place that came next the last time.
    likely: u32,
    /// Another place whose parent and name have the same hash.
    other: u32,
    parent: u32,
}

pub struct Names {
    places: Vec<Place>,
    by_hash: HashMap<u64, u32, Random>,
    random: Random,
    size: usize,
}

impl Names {
    pub fn new(random: Random) -> Self {
        let root = Place { plan: UNKNOWN, depth: 0, name: Box::from([]), likely: 0, other: UNKNOWN, parent: UNKNOWN };
        Names { places: vec![root], by_hash: HashMap::with_hasher(random), random, size: 0 }
    }

    pub fn first(&self) -> u32 {
        0
    }

    /// Returns how many bytes are remembered, about.
    pub fn size(&self) -> usize {
        self.size
    }

    pub fn plan(&self, place: u32) -> u32 {
        self.places[place as usize].plan
    }

    pub fn set_plan(&mut self, place: u32, plan: u32) {
        self.places[place as usize].plan = plan;
    }

    /// Returns the next place and its name's length when the text goes on with the name that came the last time.
    #[inline]
    pub fn expected(&self, place: u32, text: &[u8]) -> Option<(u32, usize)> {
        let likely = self.places[place as usize].likely;
        let name = &self.places[likely as usize].name;
        let same = likely != 0 && text.get(name.len()) == Some(&b'"') && text.starts_with(name);
        same.then(|| (likely, name.len()))
    }

    /// Returns the place after a name, which is entered when it is new; None when there are too many on the way.
    pub fn after(&mut self, place: u32, name: &[u8]) -> Option<u32> {
        let key = hash(&self.random, place, name);
        let first = self.by_hash.get(&key).copied().unwrap_or(UNKNOWN);
        let mut found = first;
        while found != UNKNOWN {
            let each = &self.places[found as usize];
            if each.parent == place && *each.name == *name {
                self.places[place as usize].likely = found;
                return Some(found);
            }
            found = each.other;
        }
        self.enter(place, name, key, first)
    }

    fn enter(&mut self, parent: u32, name: &[u8], key: u64, other: u32) -> Option<u32> {
        let depth = self.places[parent as usize].depth + 1;
        if depth > DEPTH_BOUND {
            return None;
        }
        let found = self.places.len() as u32;
        self.places.push(Place { plan: UNKNOWN, depth, name: Box::from(name), likely: 0, other, parent });
        self.by_hash.insert(key, found);
        self.places[parent as usize].likely = found;
        self.size += name.len() + 96;
        Some(found)
    }
}
