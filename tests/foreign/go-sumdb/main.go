// Command go-sumdb checks a folder in tlog-tiles layout with golang.org/x/mod/sumdb, which the
// authors of the log did not write.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o check .   (Debian: golang-golang-x-mod-dev)
//	./check FOLDER
//
// The folder holds `checkpoint`, `vkey` (the log's verifier key), any number of `*.vkey` files
// (cosigners, each of which must have cosigned the checkpoint), `tile/...` and `tile/entries/...`.
// Everything is recomputed from the entries. It prints one JSON line, and exits 1 with the reason
// when a single byte is not what it must be.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	// Records beyond this many are proven in even steps.
	proofsMax = 2000
)

func main() {
	if len(os.Args) != 2 {
		fail(errors.New("usage: go-sumdb FOLDER"))
	}
	report, err := check(os.Args[1])
	if err != nil {
		fail(err)
	}
	line, err := json.Marshal(report)
	if err != nil {
		fail(err)
	}
	fmt.Println(string(line))
}

func fail(err error) {
	line, _ := json.Marshal(map[string]interface{}{"ok": false, "reason": err.Error()})
	fmt.Println(string(line))
	os.Exit(1)
}

type report struct {
	OK           bool     `json:"ok"`
	Origin       string   `json:"origin"`
	Entries      int64    `json:"entries"`
	Root         string   `json:"root"`
	Cosigners    []string `json:"cosigners"`
	Tiles        int      `json:"tiles"`
	Inclusions   int      `json:"inclusions"`
	Consistences int      `json:"consistencies"`
}

// hashes is the storage that tlog computes for itself from the entries.
type hashes []tlog.Hash

func (h *hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(*h)) {
			return nil, fmt.Errorf("hash %d is not stored", index)
		}
		out[i] = (*h)[index]
	}
	return out, nil
}

func check(folder string) (*report, error) {
	origin, tree, cosigners, err := checkpoint(folder)
	if err != nil {
		return nil, err
	}
	stored, leaves, bundles, err := entries(folder, tree.N)
	if err != nil {
		return nil, err
	}
	root, err := tlog.TreeHash(tree.N, stored)
	if tree.N == 0 {
		root, err = tlog.Hash(sha256.Sum256(nil)), nil
	}
	if err != nil {
		return nil, err
	}
	if root != tree.Hash {
		return nil, fmt.Errorf("entries hash to the root %v, the checkpoint says %v", root, tree.Hash)
	}
	tiles, err := hashTiles(folder, tree.N, stored)
	if err != nil {
		return nil, err
	}
	if err := onlyThose(folder, append(tiles, bundles...)); err != nil {
		return nil, err
	}
	inclusions, err := proveRecords(tree, leaves, stored)
	if err != nil {
		return nil, err
	}
	consistencies, err := proveTrees(tree, stored)
	if err != nil {
		return nil, err
	}
	return &report{true, origin, tree.N, tree.Hash.String(), cosigners, len(tiles), inclusions,
		consistencies}, nil
}

// cosigner verifies "timestamped Ed25519 checkpoint cosignatures" (C2SP tlog-cosignature v1).
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }
func (c *cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(sig)
	text := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, msg)
	return ed25519.Verify(c.key, []byte(text), sig[8:])
}

func newCosigner(vkey string) (*cosigner, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("malformed cosigner key")
	}
	material, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(material) != 1+ed25519.PublicKeySize || material[0] != 4 {
		return nil, errors.New("cosigner key is not an Ed25519 cosignature key")
	}
	digest := sha256.Sum256(append([]byte(parts[0]+"\n"), material...))
	hash := binary.BigEndian.Uint32(digest[:])
	if fmt.Sprintf("%08x", hash) != parts[1] {
		return nil, errors.New("cosigner key id does not match")
	}
	return &cosigner{parts[0], hash, ed25519.PublicKey(material[1:])}, nil
}

func readLine(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	text := string(data)
	if !strings.HasSuffix(text, "\n") || strings.Count(text, "\n") != 1 {
		return "", fmt.Errorf("%s is not one line", path)
	}
	return strings.TrimSuffix(text, "\n"), nil
}

// canonicalKey refuses the other spellings that note.NewVerifier takes: capitals in the key's id,
// and a last character whose unused bits are not zero.
func canonicalKey(vkey string, hash uint32) error {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 || parts[1] != fmt.Sprintf("%08x", hash) {
		return errors.New("the id of the log's key is not eight small hexadecimal digits")
	}
	if _, err := base64.StdEncoding.Strict().DecodeString(parts[2]); err != nil {
		return errors.New("the log's key is not canonical base64")
	}
	return nil
}

// checkpoint verifies the note: the log's signature, and one by each cosigner listed.
func checkpoint(folder string) (string, tlog.Tree, []string, error) {
	var tree tlog.Tree
	vkey, err := readLine(filepath.Join(folder, "vkey"))
	if err != nil {
		return "", tree, nil, err
	}
	log, err := note.NewVerifier(vkey)
	if err != nil {
		return "", tree, nil, err
	}
	if err := canonicalKey(vkey, log.KeyHash()); err != nil {
		return "", tree, nil, err
	}
	verifiers := []note.Verifier{log}
	paths, err := filepath.Glob(filepath.Join(folder, "*.vkey"))
	if err != nil {
		return "", tree, nil, err
	}
	for _, path := range paths {
		line, err := readLine(path)
		if err != nil {
			return "", tree, nil, err
		}
		key, err := newCosigner(line)
		if err != nil {
			return "", tree, nil, err
		}
		verifiers = append(verifiers, key)
	}
	msg, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return "", tree, nil, err
	}
	opened, err := note.Open(msg, note.VerifierList(verifiers...))
	if err != nil {
		return "", tree, nil, err
	}
	if len(opened.Sigs) != len(verifiers) || len(opened.UnverifiedSigs) != 0 {
		return "", tree, nil, fmt.Errorf("%d of %d listed keys signed, %d lines are by others",
			len(opened.Sigs), len(verifiers), len(opened.UnverifiedSigs))
	}
	for _, sig := range opened.Sigs {
		// note.Open also takes a last character whose unused bits are not zero.
		if _, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil {
			return "", tree, nil, fmt.Errorf("the signature by %s is not canonical base64", sig.Name)
		}
	}
	names := []string{}
	for _, verifier := range verifiers[1:] {
		names = append(names, verifier.Name())
	}
	lines := strings.SplitN(opened.Text, "\n", 4)
	if len(lines) != 4 || lines[0] != log.Name() {
		return "", tree, nil, errors.New("checkpoint is not of the log named by its key")
	}
	tree.N, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || tree.N < 0 || strconv.FormatInt(tree.N, 10) != lines[1] {
		return "", tree, nil, errors.New("checkpoint has a malformed size")
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return lines[0], tree, names, err
}

// entries reads all bundles, and lets tlog compute and store every hash of the tree.
func entries(folder string, size int64) (*hashes, []tlog.Hash, []string, error) {
	stored, leaves, paths := &hashes{}, []tlog.Hash{}, []string{}
	for start := int64(0); start < size; start += tileWidth {
		width := size - start
		if width > tileWidth {
			width = tileWidth
		}
		// tlog's own path of a data tile, in the spelling of tlog-tiles.
		tile := tlog.Tile{H: tileHeight, L: -1, N: start / tileWidth, W: int(width)}
		path := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
		paths = append(paths, path)
		rest, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return nil, nil, nil, err
		}
		for i := int64(0); i < width; i++ {
			if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
				return nil, nil, nil, fmt.Errorf("%s ends early", path)
			}
			end := 2 + int(binary.BigEndian.Uint16(rest))
			leaf := tlog.RecordHash(rest[2:end])
			more, err := tlog.StoredHashesForRecordHash(start+i, leaf, stored)
			if err != nil {
				return nil, nil, nil, err
			}
			*stored, leaves, rest = append(*stored, more...), append(leaves, leaf), rest[end:]
		}
		if len(rest) != 0 {
			return nil, nil, nil, fmt.Errorf("%s has %d bytes too many", path, len(rest))
		}
	}
	return stored, leaves, paths, nil
}

// hashTiles compares every tile of the tree with the one that tlog computes.
func hashTiles(folder string, size int64, stored *hashes) ([]string, error) {
	paths := []string{}
	tiles := tlog.NewTiles(tileHeight, 0, size)
	for i, tile := range tiles {
		// Older versions also list each narrower state of a partial tile.
		if i+1 < len(tiles) && tiles[i+1].L == tile.L && tiles[i+1].N == tile.N {
			continue
		}
		want, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return nil, err
		}
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		got, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(got, want) {
			return nil, fmt.Errorf("%s is not the tile of these entries", path)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// onlyThose refuses files under tile/ that the checkpoint does not account for.
func onlyThose(folder string, paths []string) error {
	known := map[string]bool{}
	for _, path := range paths {
		known[path] = true
	}
	root := filepath.Join(folder, "tile")
	if _, err := os.Stat(root); os.IsNotExist(err) && len(paths) == 0 {
		return nil
	}
	return filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err == nil && !known[filepath.ToSlash(name)] {
			err = fmt.Errorf("%s belongs to no tree of this size", name)
		}
		return err
	})
}

func proveRecords(tree tlog.Tree, leaves []tlog.Hash, stored *hashes) (int, error) {
	count := 0
	for _, n := range steps(0, tree.N-1, proofsMax) {
		proof, err := tlog.ProveRecord(tree.N, n, stored)
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, leaves[n]); err != nil {
			return 0, fmt.Errorf("record %d: %v", n, err)
		}
		count++
	}
	return count, nil
}

func proveTrees(tree tlog.Tree, stored *hashes) (int, error) {
	count := 0
	for _, n := range steps(1, tree.N, proofsMax/10) {
		old, err := tlog.TreeHash(n, stored)
		if err != nil {
			return 0, err
		}
		proof, err := tlog.ProveTree(tree.N, n, stored)
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, n, old); err != nil {
			return 0, fmt.Errorf("size %d: %v", n, err)
		}
		count++
	}
	return count, nil
}

// steps are the numbers from first to last, or about max of them with both ends.
func steps(first, last, max int64) []int64 {
	if last < first {
		return nil
	}
	stride := (last-first)/max + 1
	out := []int64{}
	for n := first; n < last; n += stride {
		out = append(out, n)
	}
	return append(out, last)
}
