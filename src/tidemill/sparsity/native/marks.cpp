#include "layout.h"
#include "parallel.h"

namespace tidemill {
namespace {

constexpr int64_t kRowsOfTask = 64;

void mark_task(const void* pointer, int64_t index, Scratch&) {
  const Marking& job = *static_cast<const Marking*>(pointer);
  const Layout& layout = job.layout;
  for (int64_t row = index * kRowsOfTask; row < (index + 1) * kRowsOfTask && row < layout.rows;
       ++row) {
    for (int64_t block = 0; block < layout.blocks(); ++block) {
      const int32_t depth = layout.depth(block), exact = depth / layout.m * layout.n;
      const uint16_t* offsets = job.offsets + layout.start(block) + row * layout.kept(block);
      uint8_t* mask = job.mask + row * layout.contraction + block * layout.block;
      __builtin_memset(mask, 0, depth);
      for (int32_t entry = 0; entry < exact; ++entry) mask[layout.place(offsets[entry], depth)] = 1;
    }
  }
}

}  // namespace

bool mark(const Marking& wanted) {
  const int64_t tasks = (wanted.layout.rows + kRowsOfTask - 1) / kRowsOfTask;
  return parallel(wanted.threads, tasks, mark_task, &wanted);
}

}  // namespace tidemill
