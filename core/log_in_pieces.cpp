#include "core/log_in_pieces.hpp"

#include <algorithm>

#include "io/operation.hpp"

namespace uflush {

Task<void> log_in_pieces(Loop& loop, Log& log, Severity severity, std::span<const std::string> texts) {
  while (!texts.empty()) {
    const std::size_t count = std::min(texts.size(), records_per_piece);
    log.record_all(severity, texts.first(count));
    texts = texts.subspan(count);
    if (!texts.empty()) static_cast<void>(co_await Sleep{loop, loop.now()});
  }
}

}  // namespace uflush
