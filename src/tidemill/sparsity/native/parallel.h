// Tasks on the threads that torch has anyway, and memory of a thread's own.
#pragma once

#include <cstdint>

namespace tidemill {

constexpr int kTokens = 64;       // most tokens of a tile
constexpr int kChunkRows = 1024;  // of sums: 64 tokens of them fit a second-level cache

// What one thread works in; aligned to pages, so that a tile's rows meet distinct cache sets.
struct Scratch {
  alignas(4096) char tile[28 * 1024];
  alignas(4096) float sums[kChunkRows * kTokens];
  alignas(64) float values[4 * 256];
};

// This thread's scratch, or null without memory for it.
Scratch* scratch();

// Ask for large pages below memory that will be written: a fault for each small page costs more
// than a tenth of a large product. Nothing happens where the system has none.
void want_large_pages(void* from, int64_t bytes);

using Task = void (*)(const void* job, int64_t index, Scratch& scratch);

// Run tasks 0 .. count-1, each once; false if a thread had no memory.
bool parallel(int32_t threads, int64_t count, Task task, const void* job);

}  // namespace tidemill
