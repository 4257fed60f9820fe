/// A client of the flush service that can say anything: typed requests, raw bytes, silence, half a close.
///
/// Encodes by hand instead of with protocol/, so that a test never trusts the code that it tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/owned_fd.hpp"
#include "tests/support/wait.hpp"

namespace uflush::support {

/// Status values of a reply (BEHAVIOUR.md 2.5).
inline constexpr long long status_ok = 0;
inline constexpr long long status_bad = 3;
inline constexpr long long status_deny = 4;
inline constexpr long long status_fail = 4294967295;

/// The server's first words (BEHAVIOUR.md 2.2).
inline constexpr std::string_view announcement_bytes{"protocol\0queue_flush_protocol\0\0", 31};

[[nodiscard]] std::string add_request(std::string_view site, std::string_view queue_id);
[[nodiscard]] std::string send_site_request(std::string_view site);
[[nodiscard]] std::string send_file_request(std::string_view queue_id);
[[nodiscard]] std::string refresh_request();
[[nodiscard]] std::string purge_request();
/// A string literal with all its NUL bytes: `bytes("request\0add\0")` has twelve.
template <std::size_t size>
[[nodiscard]] std::string bytes(const char (&literal)[size]) {
  return std::string(literal, size - 1);
}
[[nodiscard]] std::string reply_bytes(long long status);

/// How a connection ended: the server closed, the server closed and threw away bytes of ours, or not yet.
enum class Ending { eof, reset, timeout };
[[nodiscard]] const char* to_text(Ending ending);

struct Reply {
  std::string bytes;
  Ending ending = Ending::timeout;
  /// Absent when `bytes` is not exactly one reply.
  [[nodiscard]] std::optional<long long> status() const;
};

class FlushClient {
 public:
  /// Connects, blocking; a failure when nobody listens.
  explicit FlushClient(const std::string& socket_path);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Reads as many bytes as an announcement has; fewer when the connection ends or `timeout` passes.
  std::string read_announcement(milliseconds timeout = patience);
  /// False when the server has closed (EPIPE, ECONNRESET).
  bool send(std::string_view bytes);
  void half_close();
  /// Returns when the server has read all that was sent (there is no event for that: it looks again and
  /// again).
  void wait_until_taken() const;
  void close() { fd_.reset(); }
  /// All bytes until the connection ends or `timeout` passes.
  Reply read_to_end(milliseconds timeout = patience);
  /// `count` bytes, or what there is when the connection ends or `timeout` passes.
  std::string read_bytes(std::size_t count, milliseconds timeout = patience);
  /// Reads until one reply is complete, or the connection ends or `timeout` passes; then says that it has
  /// nothing more to ask and reads to the end. Good for servers that answer once and for those that wait for
  /// more requests.
  Reply read_reply_and_finish(milliseconds timeout = patience);
  /// One request: announcement, request, read_reply_and_finish().
  Reply ask(std::string_view request, milliseconds timeout = patience);

 private:
  /// Appends what arrives; the way it ended, or absent after at least one byte.
  std::optional<Ending> receive_some(std::string& into, const Deadline& deadline,
                                     std::size_t count_max = SIZE_MAX);

  OwnedFd fd_;
};

}  // namespace uflush::support
