/// The requests that the load generators send, put together ahead as far as possible.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace uflush::bench {

struct LoadShape;

class Requests {
 public:
  virtual ~Requests() = default;
  /// One whole request, good until the next call.
  virtual std::string_view next() = 0;
};

[[nodiscard]] std::unique_ptr<Requests> make_requests(const LoadShape& shape);

/// Adds, round robin over the sites, no queue ID twice: next() only writes the queue ID into the bytes.
class AddRequests final : public Requests {
 public:
  explicit AddRequests(const std::vector<std::string>& sites);
  std::string_view next() override;

  /// Bytes that one of these queue IDs takes in a logfile, newline included.
  static constexpr std::size_t line_bytes = 12;

 private:
  std::vector<std::string> requests_;
  std::size_t site_ = 0;
  std::uint64_t made_ = 0;
};

/// A send_site for each site in turn.
class SendSiteRequests final : public Requests {
 public:
  explicit SendSiteRequests(const std::vector<std::string>& sites);
  std::string_view next() override;

 private:
  std::vector<std::string> requests_;
  std::size_t site_ = 0;
};

/// A send_file for queue_id(0), queue_id(1) and so on.
class SendFileRequests final : public Requests {
 public:
  std::string_view next() override;

 private:
  std::string request_;
  std::uint64_t made_ = 0;
};

/// site0.example and so on.
[[nodiscard]] std::vector<std::string> numbered_sites(std::size_t count);

/// Eleven upper-case hexadecimal digits, as in Postfix's short queue IDs; the last `number` digit comes
/// first, because Postfix hashes queue directories by the first one.
[[nodiscard]] std::string queue_id(std::uint64_t number);

}  // namespace uflush::bench
