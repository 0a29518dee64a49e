//! Writes a folder in tlog-tiles layout that other people's programs can check.
//!
//!     cargo run -p detente-log --example write_log -- FOLDER ENTRIES SEED
//!
//! The log is appended in batches of uneven length. A mirror follows it through the same bytes that
//! would travel, and a witness beside it; both cosign the checkpoint. The keys come from the seed:
//! they are for tests.
#![expect(clippy::print_stdout, clippy::expect_used, clippy::unwrap_used, reason = "an example")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;

use detente_log::{
    AddCheckpoint, Appender, CheckpointBody, CosignTime, Cosigner, CosignerRole, KeyName,
    LeafIndex, Mirror, NoteSigner, Origin, Package, RightEdge, Tile, TileHashReader, TileReader,
    TreeHead, TreeSize, TrustedLog, UploadHeader, VerifiedCheckpoint, decide, encode_bundle,
    entry_tiles_changed, prove_consistency, tiles_changed,
};

const ORIGIN: &str = "log.example/demo";
const TIME: u64 = 1_700_000_000;

/// xorshift64*: enough for test data.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn bytes(&mut self, length: u64) -> Vec<u8> {
        (0..length).map(|_| self.next().to_be_bytes()[0]).collect()
    }

    fn seed(&mut self) -> [u8; 32] {
        self.bytes(32).try_into().expect("32 bytes were asked for")
    }
}

struct Tiles(BTreeMap<(u8, u64), Vec<u8>>);

impl TileReader for Tiles {
    type Error = Infallible;

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Infallible> {
        let cut = |tile: &Tile| self.0[&(tile.level(), tile.index())][..tile.byte_len()].to_vec();
        Ok(tiles.iter().map(cut).collect())
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, count, seed] = arguments.as_slice() else {
        println!("usage: write_log FOLDER ENTRIES SEED");
        std::process::exit(2);
    };
    let count: u64 = count.parse().expect("ENTRIES is a number");
    let mut random = Random(seed.parse::<u64>().expect("SEED is a number") | 1);
    let name = |text| KeyName::new(text).unwrap();
    let log = NoteSigner::new(name(ORIGIN), &random.seed());
    let mirror = Cosigner::new(name("mirror.example"), CosignerRole::Mirror, &random.seed());
    let witness = Cosigner::new(name("witness.example"), CosignerRole::Witness, &random.seed());

    let entries: Vec<Vec<u8>> = (0..count)
        .map(|_| {
            let length = random.next() % 300;
            random.bytes(length)
        })
        .collect();
    let (tiles, head) = append(&entries);
    let trusted = TrustedLog::from_key(log.verifier().clone()).unwrap();
    let body = CheckpointBody::new(Origin::new(ORIGIN).unwrap(), head);
    let mut checkpoint = body.sign(&[&log]).unwrap().verify(&trusted).unwrap();
    let request = AddCheckpoint {
        old: TreeSize::ZERO,
        proof: prove_consistency(
            &TileHashReader::new(&tiles, head.size),
            TreeSize::ZERO,
            head.size,
        )
        .unwrap(),
        checkpoint: checkpoint.checkpoint().clone(),
    };
    let accept = decide(Some(&trusted), &TreeHead::EMPTY, &request).unwrap();
    let time = CosignTime::new(TIME).unwrap();
    let line = witness.cosign(accept.persisted(), time).unwrap();
    checkpoint.attach(&[line], witness.verifier()).unwrap();
    let permit = follow(&trusted, &request, &tiles, &entries);
    let line = mirror.cosign(permit, time).unwrap();
    checkpoint.attach(&[line], mirror.verifier()).unwrap();

    let folder = Path::new(folder);
    write(folder, &checkpoint, &tiles, &entries);
    let put = |name: &str, text: String| std::fs::write(folder.join(name), text + "\n").unwrap();
    put("vkey", log.verifier().to_vkey());
    put("mirror.vkey", mirror.verifier().to_vkey());
    put("witness.vkey", witness.verifier().to_vkey());
    println!("{} entries, root {}", head.size, head.root.to_base64());
}

/// Appends in uneven batches and keeps the tiles.
fn append(entries: &[Vec<u8>]) -> (Tiles, TreeHead) {
    let mut tiles = Tiles(BTreeMap::new());
    let mut edge = RightEdge::empty();
    let mut rest = entries;
    let mut batch = 1;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rest.len().min(batch));
        let mut appender = Appender::new(edge);
        now.iter().for_each(|entry| appender.push_entry(entry).unwrap());
        let append = appender.finish();
        for write in &append.tiles {
            let old = tiles.0.remove(&(write.level, write.index)).unwrap_or_default();
            tiles.0.insert((write.level, write.index), write.bytes_after(&old).unwrap());
        }
        edge = append.edge;
        rest = later;
        batch = batch * 7 % 4099;
    }
    let head = edge.head();
    (tiles, head)
}

/// The mirror's side: every package through its bytes, then the permit.
fn follow(
    trusted: &TrustedLog,
    request: &AddCheckpoint,
    tiles: &Tiles,
    entries: &[Vec<u8>],
) -> detente_log::MayCosign {
    let mut mirror = Mirror::new(trusted.clone()).add_checkpoint(request).unwrap();
    let end = mirror.pending().unwrap().head().size;
    let header = UploadHeader {
        origin: trusted.origin().clone(),
        start: LeafIndex::new(0),
        end,
        ticket: Vec::new(),
    };
    let header = header.encode().unwrap();
    let mut upload = mirror.begin_upload(&UploadHeader::decode(&header).unwrap().0).unwrap();
    let reader = TileHashReader::new(tiles, end);
    while let Some(range) = upload.next_package() {
        let start = usize::try_from(range.start().get()).unwrap();
        let now = &entries[start..start + usize::from(range.width())];
        let now = now.iter().map(Vec::as_slice).collect();
        let bytes = Package::prove(&reader, &range, now, end).unwrap().encode(&range).unwrap();
        let (package, _) = Package::decode(&bytes, &range).unwrap();
        let accepted = mirror.add_package(&upload, &package).unwrap();
        (mirror, upload) = (accepted.mirror, accepted.upload);
    }
    mirror.commit(&upload, end).unwrap().persisted().1
}

fn write(folder: &Path, checkpoint: &VerifiedCheckpoint, tiles: &Tiles, entries: &[Vec<u8>]) {
    let put = |path: String, bytes: &[u8]| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let size = checkpoint.head().size;
    for tile in tiles_changed(TreeSize::ZERO, size) {
        put(tile.path(), &tiles.read_tiles(&[tile]).unwrap()[0]);
    }
    for tile in entry_tiles_changed(TreeSize::ZERO, size) {
        let start = usize::try_from(tile.index() * 256).unwrap();
        let bundle = &entries[start..start + usize::from(tile.width())];
        put(tile.path(), &encode_bundle(bundle).unwrap());
    }
    put("checkpoint".into(), checkpoint.checkpoint().to_string().as_bytes());
}
