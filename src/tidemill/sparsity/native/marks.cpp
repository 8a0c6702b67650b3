// What a form keeps, as a mask or as a weight with zeros elsewhere: its offsets say all of it.
#include "layout.h"
#include "parallel.h"

namespace tidemill {
namespace {

constexpr int64_t kRowsOfTask = 64;

uint8_t marked(std::nullptr_t, int64_t) { return 1; }
float marked(const float* weight, int64_t place) { return weight[place]; }

template <class T, class Weight>
void mark_row(const Marking& job, Weight weight, int64_t row) {
  const Layout& layout = job.layout;
  for (int64_t block = 0; block < layout.blocks(); ++block) {
    const int32_t depth = layout.depth(block), exact = depth / layout.m * layout.n;
    const uint16_t* offsets = job.offsets + layout.start(block) + row * layout.kept(block);
    const int64_t begun = row * layout.contraction + block * layout.block;
    T* found = static_cast<T*>(job.found) + begun;
    __builtin_memset(found, 0, depth * sizeof(T));
    for (int32_t entry = 0; entry < exact; ++entry) {
      const int32_t place = layout.place(offsets[entry], depth);
      found[place] = marked(weight, begun + place);
    }
  }
}

void mark_task(const void* pointer, int64_t index, Scratch&) {
  const Marking& job = *static_cast<const Marking*>(pointer);
  for (int64_t row = index * kRowsOfTask; row < (index + 1) * kRowsOfTask && row < job.layout.rows;
       ++row) {
    if (job.weight == nullptr) {
      mark_row<uint8_t>(job, nullptr, row);
    } else {
      mark_row<float>(job, job.weight, row);
    }
  }
}

}  // namespace

bool mark(const Marking& wanted) {
  const int64_t tasks = (wanted.layout.rows + kRowsOfTask - 1) / kRowsOfTask;
  return parallel(wanted.threads, tasks, mark_task, &wanted);
}

}  // namespace tidemill
