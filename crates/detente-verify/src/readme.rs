//! `README.txt`: what the folder is and how to check it, in plain words. The same in every folder.

/// The text.
pub(crate) const TEXT: &str = "\
A record of detente
===================

This folder is the whole record of one accord: every act that each party signed, in the
order in which it stands in that party's own log, with the signatures of all sides. You
need to trust neither the parties nor whoever gave you the folder.

  accord.json                which accord, which parties, how long their logs are
  cards/PARTY.card           the keys of a party, signed by its root key
  texts/SHA256.toml          every text that was proposed, byte for byte
  objects/SHA256             what was released, as far as the exporter shows it
  logs/PARTY/checkpoint      size and root of the log: signed by it, cosigned by the others
  logs/PARTY/vkey            the key that verifies the log's signature
  logs/PARTY/OTHER.vkey      the key with which another party cosigned the checkpoint
  logs/PARTY/tile/           the log itself (C2SP tlog-tiles)
  logs/PARTY/bodies/N.cbor   what act N says: salt and body, bound to the log by a digest
  logs/PARTY/proofs/N.tlog-proof
                             that act N is in the log, for the last 4096 acts (C2SP tlog-proof)

First of all: who are the parties?
----------------------------------

The folder proves what the holders of certain keys did. It can't prove who they are. Read
the twelve words of each party in accord.json aloud to that party, or compare its id with
one that you have from it.

To check everything
-------------------

  detente verify FOLDER

It works offline. It checks every signature and proof, computes the state of the accord
from the acts, asks the gate again about every release, and compares the whole folder byte
by byte with what it must be. Any altered byte, added or missing file is named.

To check without detente
------------------------

The texts and objects are named by what they hold:

  sha256sum texts/* objects/*

The logs follow the C2SP specifications (https://c2sp.org): signed-note, tlog-checkpoint,
tlog-tiles, tlog-cosignature, tlog-proof. Any tool that speaks them can check the logs. With
the Go packages golang.org/x/mod/sumdb/note and golang.org/x/mod/sumdb/tlog:

  note.NewVerifier  of logs/PARTY/vkey, without its line break
  note.Open         of logs/PARTY/checkpoint under that verifier: origin, size, root
  tlog.TreeHash     over the tiles, or over tlog.RecordHash of every entry, gives the root
  tlog.CheckRecord  of the hashes in logs/PARTY/proofs/N.tlog-proof

An act is a COSE_Sign message (RFC 9052): an Ed25519 and an ML-DSA-65 signature over
deterministic CBOR, with the external data \"detente/act/1\".

What it does not prove
----------------------

- That a log has no later acts: ask the other parties for the newest checkpoint they hold.
- That the clock of a party is right: times are its own words.
- That a released indicator was in the answer of a matching run: the answer is known to the
  two parties alone. That the run was agreed, closed alike and within its caps is checked.
";
