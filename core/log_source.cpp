#include "core/log_source.hpp"

#include <algorithm>
#include <functional>
#include <span>

namespace uflush {

std::uint64_t digest_with(std::uint64_t digest, std::string_view block) {
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15U;
  return (digest ^ std::hash<std::string_view>{}(block)) * odd + (digest >> 29U);
}

Result<void> TextSource::read_on(std::string& to) {
  const std::size_t bytes = std::min(block_bytes_, rest_.size());
  to.append(rest_.substr(0, bytes));
  rest_.remove_prefix(bytes);
  return outcome::success();
}

Result<void> FileSource::read_on(std::string& to) {
  const std::size_t before = to.size();
  const std::size_t wanted = std::min<std::uint64_t>(block_bytes_, end_ - position_);
  to.resize(before + wanted);
  std::size_t filled = 0;
  while (filled < wanted) {
    TRY(count, files_.read_at(file_, std::span(to).subspan(before + filled), position_ + filled));
    if (count == 0) break;
    filled += count;
  }
  to.resize(before + filled);
  position_ += filled;
  if (filled < wanted) end_ = position_;
  digest_ = digest_with(digest_, std::string_view(to).substr(before));
  return outcome::success();
}

}  // namespace uflush
