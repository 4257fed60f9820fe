/// The requests that the load generator sends: adds, round robin over some sites, no queue ID twice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace uflush::bench {

/// The bytes are put together ahead; next() only writes the queue ID into them.
class AddRequests {
 public:
  /// site0.example and so on: `sites` many.
  explicit AddRequests(std::size_t sites);

  /// One whole request, good until the next call.
  std::string_view next();
  [[nodiscard]] std::uint64_t made() const noexcept { return made_; }

  /// Bytes that one of these queue IDs takes in a logfile, newline included.
  static constexpr std::size_t line_bytes = 12;

 private:
  std::vector<std::string> requests_;
  std::size_t site_ = 0;
  std::uint64_t made_ = 0;
};

/// Eleven upper-case hexadecimal digits, as in Postfix's short queue IDs; the last `number` digit comes
/// first, because Postfix hashes queue directories by the first one.
[[nodiscard]] std::string queue_id(std::uint64_t number);

}  // namespace uflush::bench
