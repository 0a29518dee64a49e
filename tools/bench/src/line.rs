//! A line with a rate and a delay in each direction, between two sockets.
//!
//! For kernels without netem. Bytes leave one after the other at the rate and arrive half a round
//! trip later; a sender is held up when as much waits as a line of this length can hold. Not here:
//! lost packets and the slow start of TCP over a real line.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Bytes that are read at a time: about a millisecond of a hundred megabits.
const CHUNK_BYTES: usize = 16 * 1024;

/// What waits before the line, as time on it.
const AHEAD: Duration = Duration::from_millis(10);

/// Carries each connection to `to`, and tells where it listens.
pub(crate) async fn serve(to: String, rate_mbit: f64, round_trip_ms: f64) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", json!({ "address": listener.local_addr()?.to_string() }));
    let line = Line {
        seconds_per_byte: 8.0 / (rate_mbit * 1e6),
        delay: Duration::from_secs_f64(round_trip_ms / 2e3),
    };
    loop {
        let (near, _) = listener.accept().await?;
        let far = TcpStream::connect(&to).await?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        let (near_read, near_write) = near.into_split();
        let (far_read, far_write) = far.into_split();
        tokio::spawn(line.carry(near_read, far_write));
        tokio::spawn(line.carry(far_read, near_write));
    }
}

#[derive(Clone, Copy)]
struct Line {
    seconds_per_byte: f64,
    delay: Duration,
}

impl Line {
    async fn carry(
        self,
        mut from: impl AsyncReadExt + Unpin + Send + 'static,
        mut to: impl AsyncWriteExt + Unpin + Send + 'static,
    ) {
        let (send, mut waiting) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
        tokio::spawn(async move {
            while let Some((due, bytes)) = waiting.recv().await {
                sleep_until(due).await;
                if to.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        });
        let mut free = Instant::now();
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Ok(count @ 1..) = from.read(&mut chunk).await {
            free = free.max(Instant::now());
            free += Duration::from_secs_f64(count as f64 * self.seconds_per_byte);
            if send.send((free + self.delay, chunk[..count].to_vec())).is_err() {
                return;
            }
            // A little waits before the line, so that clocks of a millisecond leave no gaps on it;
            // the rest waits in the socket.
            sleep_until(free - AHEAD).await;
        }
    }
}
