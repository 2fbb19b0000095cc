//! One tier: values by key within so many bytes; what was asked for longest ago goes first. Invariant: the bytes never
//! exceed the capacity. Must not know the other tiers.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::base::hash::Key;

/// No slot.
const NONE: u32 = u32::MAX;

/// Keys are hashes already: their first bytes are as good as any hash of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for (at, byte) in bytes.iter().take(8).enumerate() {
            self.0 ^= u64::from(*byte) << (8 * at);
        }
    }

    // The length of a key says nothing.
    fn write_usize(&mut self, _: usize) {}
}

struct Slot<T> {
    key: Key,
    /// None: the slot is free.
    value: Option<T>,
    bytes: u64,
    newer: u32,
    older: u32,
}

/// Values with their bytes, ordered by their last use.
pub(super) struct Shelf<T> {
    capacity: u64,
    bytes: u64,
    places: HashMap<Key, u32, BuildHasherDefault<FirstBytes>>,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    newest: u32,
    oldest: u32,
}

impl<T> Shelf<T> {
    /// An empty one of so many bytes.
    pub fn new(capacity: u64) -> Self {
        Self {
            capacity,
            bytes: 0,
            places: HashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            newest: NONE,
            oldest: NONE,
        }
    }

    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Changes how much it may hold; what no longer fits is pushed to `out`.
    pub fn resize(&mut self, capacity: u64, out: &mut Vec<(Key, T)>) {
        self.capacity = capacity;
        while self.bytes > capacity {
            let Some(old) = self.pop() else { break };
            out.push(old);
        }
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn has(&self, key: &Key) -> bool {
        self.places.contains_key(key)
    }

    /// The value of `key`; whether it was used lately stays as it is.
    pub fn peek(&self, key: &Key) -> Option<&T> {
        self.slots[*self.places.get(key)? as usize].value.as_ref()
    }

    /// The value of `key`, which counts as used now.
    pub fn get(&mut self, key: &Key) -> Option<&mut T> {
        let at = *self.places.get(key)?;
        if self.newest != at {
            self.unlink(at);
            self.link(at);
        }
        self.slots[at as usize].value.as_mut()
    }

    /// Keeps a value; what has to go for it, or the value itself where it is larger than all, is pushed to `out`.
    pub fn insert(&mut self, key: Key, value: T, bytes: u64, out: &mut Vec<(Key, T)>) {
        self.remove(&key);
        if bytes > self.capacity {
            out.push((key, value));
            return;
        }
        while self.bytes + bytes > self.capacity {
            let Some(old) = self.pop() else { break };
            out.push(old);
        }
        let slot = Slot { key, value: Some(value), bytes, newer: NONE, older: NONE };
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at as usize] = slot;
                at
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        self.places.insert(key, at);
        self.bytes += bytes;
        self.link(at);
    }

    /// Takes a value away.
    pub fn remove(&mut self, key: &Key) -> Option<T> {
        let at = self.places.remove(key)?;
        self.unlink(at);
        self.free.push(at);
        let slot = &mut self.slots[at as usize];
        self.bytes -= slot.bytes;
        slot.value.take()
    }

    /// Takes away what was asked for longest ago.
    pub fn pop(&mut self) -> Option<(Key, T)> {
        let key = self.slots.get(self.oldest as usize)?.key;
        self.remove(&key).map(|value| (key, value))
    }

    /// Takes everything away, its own tables too.
    pub fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    fn link(&mut self, at: u32) {
        let before = self.newest;
        let slot = &mut self.slots[at as usize];
        (slot.newer, slot.older) = (NONE, before);
        match self.slots.get_mut(before as usize) {
            Some(it) => it.newer = at,
            None => self.oldest = at,
        }
        self.newest = at;
    }

    fn unlink(&mut self, at: u32) {
        let Slot { newer, older, .. } = self.slots[at as usize];
        match self.slots.get_mut(newer as usize) {
            Some(it) => it.older = older,
            None => self.newest = older,
        }
        match self.slots.get_mut(older as usize) {
            Some(it) => it.newer = newer,
            None => self.oldest = newer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let key = |number: u8| Key([number; 16]);
        let mut shelf = Shelf::new(30);
        let mut out = Vec::new();
        for number in 1..=3 {
            shelf.insert(key(number), number, 10, &mut out);
        }
        assert_eq!(shelf.get(&key(1)), Some(&mut 1));
        shelf.insert(key(4), 4, 10, &mut out);
        shelf.insert(key(5), 5, 31, &mut out);
        assert_eq!(out, [(key(2), 2), (key(5), 5)]);
        shelf.insert(key(3), 33, 20, &mut out);
        assert_eq!((&out[2..], shelf.bytes(), shelf.len()), (&[(key(1), 1)][..], 30, 2));
        assert_eq!((shelf.remove(&key(4)), shelf.remove(&key(4)), shelf.bytes()), (Some(4), None, 20));
        assert_eq!((shelf.pop(), shelf.pop(), shelf.bytes()), (Some((key(3), 33)), None, 0));
        shelf.insert(key(6), 6, 30, &mut out);
        shelf.clear();
        assert_eq!((shelf.bytes(), shelf.len(), shelf.has(&key(6))), (0, 0, false));
    }
}
