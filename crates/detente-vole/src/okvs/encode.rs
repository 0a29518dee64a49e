//! Encoding: peel the sparse columns, solve what is left with the dense ones (RR22 §3.2).

use rayon::prelude::*;
use zeroize::{Zeroize, Zeroizing};

use super::rows::rows;
use super::{Digest, clusters_of_task};
use crate::field::{F128, Secret};
use crate::memory::Pages;
use crate::security::{CORE_ROWS_MAX, StoreShape};
use crate::simd::{Aes, Columns, Simd, places};

/// Why a list has no encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// Two items of a cluster are equal: the cluster, and their places in it.
    Duplicate(usize, u32, u32),
    /// The rows are dependent: another key of the store will do. Chance 2^-lambda.
    Dependent,
}

/// The columns of all clusters that give each item the value of its digest.
///
/// `clusters` has at most the shape's capacity in each. Columns that no row needs are zero: what
/// this gives must be masked before it leaves.
pub fn encode(
    simd: Simd,
    shape: &StoreShape,
    key: F128,
    clusters: &[&[Digest]],
) -> Result<Pages<F128>, EncodeError> {
    let key = Aes::new(key);
    let mut all = Pages::zeros(shape.all_columns());
    let tasks = all.par_chunks_mut(shape.columns()).zip(clusters).enumerate();
    tasks.with_min_len(clusters_of_task(clusters.len())).try_for_each_init(
        || (Scratch::new(shape), Secret(Vec::with_capacity(shape.capacity as usize))),
        |(scratch, hashed), (number, (columns, digests))| {
            rows(simd, &key, digests, &mut hashed.0);
            let cluster = Cluster { simd, number, rows: &hashed.0, digests };
            let (sparse, dense) = columns.split_at_mut(shape.sparse as usize);
            cluster.encode(scratch, sparse, dense)
        },
    )?;
    Ok(all)
}

/// What a thread needs for one cluster, used again for the next.
struct Scratch {
    /// Columns of each row.
    places: Vec<[u32; 3]>,
    /// For each column: how many rows that are left have it, and the sum of their numbers.
    degree: Vec<u32>,
    numbers: Vec<u32>,
    /// Columns with one row, and the rows in the order in which they were peeled with theirs.
    ready: Vec<u32>,
    peeled: Vec<(u32, u32)>,
}

/// Where an item's columns are tells it to who tries all items.
impl Drop for Scratch {
    fn drop(&mut self) {
        self.places.zeroize();
        self.numbers.zeroize();
        self.peeled.zeroize();
    }
}

impl Scratch {
    fn new(shape: &StoreShape) -> Scratch {
        Scratch {
            places: Vec::with_capacity(shape.capacity as usize),
            degree: vec![0; shape.sparse as usize],
            numbers: vec![0; shape.sparse as usize],
            ready: Vec::with_capacity(shape.sparse as usize),
            peeled: Vec::with_capacity(shape.capacity as usize),
        }
    }

    /// Takes the rows in and peels them: again and again the row that alone has some column.
    fn peel(&mut self, rows: &[F128]) {
        let columns = self.degree.len() as u32;
        self.degree.fill(0);
        self.numbers.fill(0);
        self.peeled.clear();
        self.places.clear();
        self.places.extend(rows.iter().map(|row| places(*row, columns)));
        for (number, places) in self.places.iter().enumerate() {
            for place in places {
                self.degree[*place as usize] += 1;
                self.numbers[*place as usize] ^= number as u32;
            }
        }
        self.ready.clear();
        self.ready.extend((0..columns).filter(|&place| self.degree[place as usize] == 1));
        while let Some(column) = self.ready.pop() {
            if self.degree[column as usize] != 1 {
                continue;
            }
            let number = self.numbers[column as usize];
            self.peeled.push((number, column));
            for place in self.places[number as usize] {
                let degree = &mut self.degree[place as usize];
                *degree -= 1;
                self.numbers[place as usize] ^= number;
                if *degree == 1 {
                    self.ready.push(place);
                }
            }
        }
    }
}

struct Cluster<'a> {
    simd: Simd,
    number: usize,
    rows: &'a [F128],
    digests: &'a [Digest],
}

impl Cluster<'_> {
    fn encode(
        &self,
        scratch: &mut Scratch,
        sparse: &mut [F128],
        dense: &mut [F128],
    ) -> Result<(), EncodeError> {
        scratch.peel(self.rows);
        let core = self.rows.len() - scratch.peeled.len();
        if core > 0 {
            self.solve(scratch, sparse, dense, core)?;
        }
        // The last peeled first: its other columns are settled, or free and zero.
        let with_dense = core > 0;
        for &(number, column) in scratch.peeled.iter().rev() {
            let [a, b, c] = scratch.places[number as usize].map(|place| sparse[place as usize]);
            // Its own column is still zero, so that one adds nothing.
            let mut value = self.digests[number as usize].value ^ a ^ b ^ c;
            if with_dense {
                value ^= self.powers(dense, self.rows[number as usize]);
            }
            sparse[column as usize] = value;
        }
        Ok(())
    }

    /// What the dense columns add to a row.
    fn powers(&self, dense: &[F128], row: F128) -> F128 {
        let mut out = [F128::ZERO];
        let columns = Columns { sparse: &[F128::ZERO; 3], dense };
        self.simd.decode(columns, &[row], &mut out);
        out[0]
    }

    /// Settles the columns of the rows that could not be peeled, by elimination over the field.
    fn solve(
        &self,
        scratch: &Scratch,
        sparse: &mut [F128],
        dense: &mut [F128],
        core: usize,
    ) -> Result<(), EncodeError> {
        let mut left = vec![true; self.rows.len()];
        for (number, _) in &scratch.peeled {
            left[*number as usize] = false;
        }
        let numbers: Vec<usize> = (0..left.len()).filter(|&number| left[number]).collect();
        self.refuse_duplicates(&numbers)?;
        if core > CORE_ROWS_MAX {
            return Err(EncodeError::Dependent);
        }
        let mut columns = Zeroizing::new(Vec::with_capacity(3 * core));
        columns.extend(numbers.iter().flat_map(|&number| scratch.places[number]));
        columns.sort_unstable();
        columns.dedup();
        // Each row: its dense powers, then its sparse columns, then its value.
        let (powers, width) = (dense.len(), dense.len() + columns.len());
        let lines = numbers
            .iter()
            .map(|&number| {
                let mut line = vec![F128::ZERO; width + 1];
                let mut power = F128(1);
                for entry in &mut line[..powers] {
                    power = self.simd.mul(power, self.rows[number]);
                    *entry = power;
                }
                for place in scratch.places[number] {
                    let at = columns.partition_point(|&column| column < place);
                    line[powers + at] = F128(1);
                }
                line[width] = self.digests[number].value;
                line
            })
            .collect();
        let mut matrix: Zeroizing<Vec<Vec<F128>>> = Zeroizing::new(lines);
        let solution = eliminate(self.simd, &mut matrix, width).ok_or(EncodeError::Dependent)?;
        dense.copy_from_slice(&solution[..powers]);
        for (column, value) in columns.iter().zip(&solution[powers..]) {
            sparse[*column as usize] = *value;
        }
        Ok(())
    }

    /// Equal items never peel, so they are among these.
    fn refuse_duplicates(&self, numbers: &[usize]) -> Result<(), EncodeError> {
        // By reference: no digest is copied.
        let mut sorted: Vec<(&Digest, u32)> =
            numbers.iter().map(|&number| (&self.digests[number], number as u32)).collect();
        sorted.sort_unstable();
        let equal = sorted.windows(2).find(|pair| pair[0].0 == pair[1].0);
        equal.map_or(Ok(()), |pair| Err(EncodeError::Duplicate(self.number, pair[0].1, pair[1].1)))
    }
}

/// Solves `matrix`, whose lines end in their right side; free unknowns are zero. `None` if the
/// lines are dependent.
fn eliminate(simd: Simd, matrix: &mut [Vec<F128>], width: usize) -> Option<Zeroizing<Vec<F128>>> {
    let mut pivots = Vec::with_capacity(matrix.len());
    for line in 0..matrix.len() {
        let pivot = (0..width).find(|&column| matrix[line][column] != F128::ZERO)?;
        let scale = inverse(simd, matrix[line][pivot]);
        for entry in &mut matrix[line] {
            *entry = simd.mul(*entry, scale);
        }
        let chosen = Zeroizing::new(matrix[line].clone());
        for (other, entries) in matrix.iter_mut().enumerate() {
            if other != line && entries[pivot] != F128::ZERO {
                let factor = entries[pivot];
                simd.mul_add(entries, &chosen, factor);
            }
        }
        pivots.push(pivot);
    }
    let mut solution = Zeroizing::new(vec![F128::ZERO; width]);
    for (line, pivot) in pivots.into_iter().enumerate() {
        solution[pivot] = matrix[line][width];
    }
    Some(solution)
}

/// a^(2^128 - 2), the inverse of a non-zero element (Fermat).
pub(super) fn inverse(simd: Simd, a: F128) -> F128 {
    let (mut power, mut result) = (a, F128(1));
    for _ in 1..128 {
        power = simd.mul(power, power);
        result = simd.mul(result, power);
    }
    result
}

/// Rows that peeling leaves.
#[cfg(test)]
pub(super) fn core_of(simd: Simd, shape: &StoreShape, key: F128, digests: &[Digest]) -> usize {
    let mut hashed = Vec::new();
    rows(simd, &Aes::new(key), digests, &mut hashed);
    let mut scratch = Scratch::new(shape);
    scratch.peel(&hashed);
    digests.len() - scratch.peeled.len()
}
