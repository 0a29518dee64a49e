//! Parties: homes with their keys, and cards that go from hand to hand.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use detente_core::key::ed25519_public;

use crate::support::{Home, Hostile, Outcome, Pair, Random, World, card_of, text};

fn mode(path: &std::path::Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn a_home_is_its_owners_alone() {
    let world = World::new();
    let home = world.party("Alba", true);
    assert_eq!(mode(&home.dir), 0o700);
    assert_eq!(mode(&home.dir.join("keys")), 0o700);
    let files = home.files();
    assert!(files.len() >= 11, "{files:?}");
    for (path, _) in &files {
        // The card is for everybody.
        let want = if path.ends_with("card") { 0o644 } else { 0o600 };
        assert_eq!(mode(path), want, "{}", path.display());
    }
    let serving = home.serve();
    for (path, _) in home.files() {
        let open = mode(&path) & 0o077 != 0;
        assert!(!open || path.ends_with("card"), "{}", path.display());
    }
    drop(serving);
}

/// Places at which 32 bytes of a file are the seed of one of these public keys.
fn seeds(bytes: &[u8], public: &[[u8; 32]]) -> Vec<usize> {
    let windows = bytes.windows(32).enumerate();
    let told = windows.filter(|(_, seed)| seed.iter().any(|byte| *byte != 0));
    told.filter(|(_, seed)| public.contains(&ed25519_public((*seed).try_into().unwrap())))
        .map(|(at, _)| at)
        .collect()
}

#[test]
fn no_seed_lies_on_disk_in_clear() {
    let world = World::new();
    let home = world.party("Alba", false);
    let card = card_of(&home);
    let card = card.value();
    let mut public = vec![card.log_key, card.mirror_key, *card.root.ed25519_bytes().unwrap()];
    public.extend(card.roles.iter().map(|role| *role.key.ed25519_bytes().unwrap()));
    // The SubjectPublicKeyInfo of an Ed25519 key ends with the key.
    let spki = card.transport.len() - 32;
    public.push(card.transport[spki..].try_into().unwrap());
    assert_eq!(public.len(), 9);
    // What is looked for would be found.
    let planted = [b"x".as_slice(), &[7; 32], b"y"].concat();
    assert_eq!(seeds(&planted, &[ed25519_public(&[7; 32])]), [1]);

    for (path, bytes) in home.files() {
        let found = seeds(&bytes, &public);
        assert!(found.is_empty(), "{}: seeds at {found:?}", path.display());
    }
}

/// The auditor's key may be kept elsewhere: its home alone can acknowledge then.
#[test]
fn a_home_without_the_auditor_s_key_goes_on_working() {
    let (pair, _serving) = Pair::agreed();
    std::fs::remove_file(pair.a.dir.join("keys/auditor.key")).unwrap();
    assert_eq!(pair.a.json(&["accord", "status"])[0]["in_force"], true);
    pair.a.run(&["alerts"]).exits(1).says("text proposed by Alba");
    pair.a.fails(1, "no_key", &["alerts", "acknowledge", "alba-borea"]);
}

#[test]
fn the_passphrase_opens_the_home_and_nothing_else_does() {
    let world = World::new();
    let home = world.party("Alba", false);
    let asks = ["party", "list", "--json"];
    let with = |file: &str| {
        let file = world.path(file);
        Outcome::of(home.bare(&asks).arg("--passphrase-file").arg(file))
    };
    let code = |outcome: &Outcome| text(&outcome.json(), "code").to_owned();

    world.write("wrong", "incorrect horse battery\n");
    let wrong = with("wrong").exits(3);
    assert_eq!(code(&wrong), "wrong_passphrase");
    let wrong = wrong.json();
    assert!(text(&wrong, "error").contains("passphrase does not open"));
    assert!(text(&wrong, "remedy").contains("passphrase of this home"));

    let none = Outcome::of(&mut home.bare(&asks)).exits(3);
    assert_eq!(code(&none), "passphrase_missing");
    assert!(text(&none.json(), "remedy").contains("--passphrase-file"));

    for (name, content, exit) in [
        ("empty", "", 3),
        ("only a line end", "\n", 3),
        ("cut", "correct horse batter\n", 3),
        ("too long", &"x".repeat(5_000), 3),
    ] {
        world.write(name, content);
        with(name).exits(exit);
    }
    with("not there").exits(3);
    world.write("windows", "correct horse battery\r\n");
    with("windows").exits(0);
    let mut from_environment = home.bare(&asks);
    from_environment.env("DETENTE_PASSPHRASE", "correct horse battery");
    Outcome::of(&mut from_environment).exits(0);
    from_environment.env("DETENTE_PASSPHRASE", "");
    Outcome::of(&mut from_environment).exits(3);
}

#[test]
fn init_needs_a_new_home_and_sound_words() {
    let world = World::new();
    let home = world.party("Alba", false);
    let before = home.files();
    home.fails(1, "home_exists", &["init", "--party", "Alba"]);
    assert_eq!(home.files(), before, "a second init changed the home");

    let new = world.home("new", false);
    for listen in ["nowhere", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536"] {
        let args = ["init", "--party", "New", "--listen", listen];
        new.fails(2, "bad_address", &args);
    }
    for name in ["", "two\nlines", "\u{202e}right to left", &"x".repeat(121)] {
        new.fails(2, "bad_party", &["init", "--party", name]);
    }
    Outcome::of(&mut new.bare(&["init", "--party", "New"])).exits(3);
    // Nothing of that stands in the way of a good one.
    new.run(&["init", "--party", "New"]).exits(0).says("in words");
    new.run(&["party", "list"]).exits(0).says("New");
}

/// Two at once must not mix their keys: the card of one with the keys of the other would be a home
/// that can't sign.
#[test]
fn two_inits_at_once_make_one_home() {
    let world = World::new();
    for round in 0..3 {
        let home = world.home(&format!("home{round}"), false);
        let start = |name: &str| {
            let mut command = home.command(&["init", "--party", name, "--json"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            (command.spawn().unwrap(), command)
        };
        let begun = ["One", "Two"].map(start);
        let ended = begun.map(|(child, command)| Outcome::after(child, &command));
        let made: Vec<&Outcome> = ended.iter().filter(|outcome| outcome.code == 0).collect();
        assert_eq!(made.len(), 1, "{} {}", ended[0], ended[1]);
        let id = text(&made[0].json(), "id").to_owned();
        assert_eq!(home.id(), id);
        signs(&home, &world);
    }
}

/// The keys of this home are those of its card: what it signs is admitted, here and elsewhere.
fn signs(home: &Home, world: &World) {
    let other = world.party(&format!("other of {}", home.dir.display()).replace('/', "-"), false);
    let card = other.card(&world.path("other.card"));
    home.run(&["party", "add", &card, "--yes"]).exits(0);
    let draft = home.run(&["accord", "draft", "x", "--with", &other.name]);
    let file = world.write("x.toml", draft.exits(0).out);
    home.run(&["accord", "propose", &file]).exits(0);
    home.run(&["accord", "sign", &file]).exits(0);
    home.run(&["accord", "history", "x"]).exits(0).says("signs text");
}

#[test]
fn a_card_comes_over_in_any_of_its_forms() {
    let world = World::new();
    let from = world.party("Alba", true);
    let armoured = from.run(&["party", "card"]).exits(0).out;
    let words = from.json(&["party", "card"])["party"]["words"].clone();
    let words = words.as_str().unwrap();
    assert_eq!(words.split(' ').count(), 12);
    let mailed = format!("Dear Borea,\r\n> see below\n\n{armoured}\n-- \nAlba\n");
    let json = from.run(&["party", "card", "--json"]).exits(0).out;
    let bare = std::fs::read(from.dir.join("card")).unwrap();
    let forms: [(&str, Vec<u8>); 5] = [
        ("armoured", armoured.clone().into_bytes()),
        ("windows", armoured.replace('\n', "\r\n").into_bytes()),
        ("mailed", mailed.into_bytes()),
        ("json", json.into_bytes()),
        ("bare", bare),
    ];
    let to = world.party("Borea", false);
    for (form, bytes) in &forms {
        let file = world.write(form, bytes);
        to.run(&["party", "add", &file, "--yes"])
            .exits(0)
            .says(&from.id())
            .says(words)
            .says("added Alba");
    }
    let third = world.party("Cedra", false);
    let mut add = third.command(&["party", "add", "-", "--yes"]);
    Outcome::fed(&mut add, Some(armoured.as_bytes())).exits(0);
    for home in [&to, &third] {
        let known = home.json(&["party", "list"]);
        let names: Vec<&str> = known.as_array().unwrap().iter().map(|p| text(p, "name")).collect();
        assert_eq!(names, [home.name.as_str(), "Alba"]);
    }
}

#[test]
fn nobody_is_added_unconfirmed() {
    let world = World::new();
    let from = world.party("Alba", false);
    let to = world.party("Borea", false);
    let card = from.card(&world.path("alba.card"));
    let outcome = to.run(&["party", "add", &card]).exits(2);
    // The fingerprint is shown first, so that it can be compared.
    outcome.says(&from.id()).says("with --yes");
    to.fails(2, "not_confirmed", &["party", "add", &card]);
    // A pipe that says yes is nobody who compared.
    let mut add = to.command(&["party", "add", &card]);
    Outcome::fed(&mut add, Some(b"yes\n")).exits(2);
    assert_eq!(to.json(&["party", "list"]).as_array().unwrap().len(), 1);
    to.fails(1, "own_card", &["party", "add", &to.card(&world.path("own.card")), "--yes"]);
}

#[test]
fn an_altered_card_is_refused() {
    let world = World::new();
    let from = world.party("Alba", false);
    let to = world.party("Borea", false);
    let good = std::fs::read(from.dir.join("card")).unwrap();
    let mut random = Random::new();
    for round in 0..24 {
        let mut bad = good.clone();
        let at = random.flip(&mut bad);
        let file = match round % 2 {
            0 => world.write("bad", format!("{{\"card\": \"{}\"}}", STANDARD.encode(&bad))),
            _ => world.write("bad", &bad),
        };
        let failed = to.run(&["party", "add", &file, "--yes"]);
        assert_eq!(failed.code, 1, "byte {at}: {failed}");
    }
    for (name, bytes) in [
        ("empty", Vec::new()),
        ("cut", good[..good.len() - 1].to_vec()),
        ("longer", [&good[..], b"\0"].concat()),
        ("noise", random.bytes(10_000)),
        ("huge", vec![b'A'; 1 << 20]),
        ("no end", b"-----BEGIN DETENTE PARTY CARD-----\nAAAA\n".to_vec()),
        ("no base64", b"{\"card\": \"...\"}".to_vec()),
        ("other json", b"[{}]".to_vec()),
    ] {
        let file = world.write(name, &bytes);
        to.run(&["party", "add", &file, "--yes"]).exits(1);
    }
    assert_eq!(to.json(&["party", "list"]).as_array().unwrap().len(), 1);
    to.fails(3, "io", &["party", "add", "/nowhere/card", "--yes"]);
}

/// Names are a stranger's text: what changes how a terminal shows them never comes in.
#[test]
fn a_card_whose_name_would_deceive_is_refused() {
    let world = World::new();
    let to = world.party("Borea", false);
    for name in ["Alba\u{202e}", "Al\u{200b}ba", "Alba\u{1b}[2J", "Alba\nBorea"] {
        let file = world.write("card", Hostile::new(name).card_file());
        to.fails(1, "card_malformed", &["party", "add", &file, "--yes"]);
    }
    let file = world.write("card", Hostile::new("Alba").card_file());
    to.run(&["party", "add", &file, "--yes"]).exits(0);
}

/// The fingerprint decides who a party is, but people read names.
#[test]
fn a_name_that_is_taken_is_told_apart_by_the_fingerprint() {
    let world = World::new();
    let home = world.party("Borea", false);
    let first = world.party("Alba", false);
    let card = first.card(&world.path("first.card"));
    home.run(&["party", "add", &card, "--yes"]).exits(0);
    for name in ["Alba", "ALBA", "Al\u{432}a", "BOREA"] {
        let file = world.write("card", Hostile::new(name).card_file());
        let failed = home.fails(1, "doubtful_name", &["party", "add", &file]);
        assert!(text(&failed, "remedy").contains("--yes"), "{failed:#}");
        home.run(&["party", "add", &file]).exits(1).says("WARNING");
    }
    assert_eq!(home.json(&["party", "list"]).as_array().unwrap().len(), 2);
    let second = Hostile::new("Alba");
    let file = world.write("card", second.card_file());
    let added = home.json(&["party", "add", &file, "--yes"]);
    assert!(added["warnings"][0].as_str().unwrap().contains(&first.id()), "{added:#}");

    let failed = home.fails(2, "ambiguous_party", &["accord", "draft", "x", "--with", "Alba"]);
    let id = second.party().to_string();
    for id in [&first.id(), &id] {
        assert!(text(&failed, "remedy").contains(id.as_str()), "{failed:#}");
    }
    let drafted = home.run(&["accord", "draft", "x", "--with", &id[..8]]).exits(0);
    assert!(drafted.out.contains(&id) && !drafted.out.contains(&first.id()));
}

/// A home may lack the minister's key on purpose: then nothing that binds can be signed there.
#[test]
fn a_home_without_the_ministers_key_does_not_bind() {
    let world = World::new();
    let home = world.party("Alba", false);
    let other = world.party("Borea", false);
    let card = other.card(&world.path("borea.card"));
    home.run(&["party", "add", &card, "--yes"]).exits(0);
    let draft = home.run(&["accord", "draft", "x", "--with", "Borea"]).exits(0);
    let file = world.write("x.toml", draft.out);
    std::fs::remove_file(home.dir.join("keys/minister.key")).unwrap();
    home.run(&["accord", "propose", &file, "--as", "head"]).exits(0);
    home.fails(1, "no_key", &["accord", "sign", &file]);
    let history = home.json(&["accord", "history", "x"]);
    assert_eq!(history.as_array().unwrap().len(), 2, "{history:#}");
}

/// A failed `init` once left a folder with keys, and the next one stumbled over it.
#[test]
fn an_init_that_fails_leaves_nothing() {
    let world = World::new();
    let home = world.home("Alba", false);
    let bad = Outcome::of(home.command(&["init", "--party", "A\u{202e}B"]).arg("--json"));
    assert_ne!(bad.code, 0, "{bad}");
    assert!(!home.dir.exists(), "{bad}");
    home.init().exits(0);
    // A home that is there stays.
    home.init().exits(1);
    home.run(&["count"]).exits(0);
}
