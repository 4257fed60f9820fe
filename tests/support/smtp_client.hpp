/// Both ends of SMTP on loopback: a client that types commands, and a destination that is up or down.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/owned_fd.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

namespace uflush::support {

struct InetAddress {
  std::string host;  ///< dotted IPv4
  int port = 0;
  [[nodiscard]] std::string text() const { return host + ":" + std::to_string(port); }
};

/// One SMTP connection.
class SmtpClient {
 public:
  /// Connects and reads the greeting; a failure when there is none.
  explicit SmtpClient(const InetAddress& server);
  /// The same for a server that may be gone, without the greeting: nothing, and errno, when it cannot
  /// connect.
  [[nodiscard]] static std::optional<SmtpClient> connect(const InetAddress& server);

  /// Sends one line and returns the reply's last line without its line end: `250 Queuing started`.
  std::string command(std::string_view line);

  /// The same for a server that may go away: nothing when it does not answer by `deadline`.
  std::optional<std::string> try_command(std::string_view line, const Deadline& deadline);
  std::optional<std::string> try_reply(const Deadline& deadline);

 private:
  explicit SmtpClient(OwnedFd fd) : fd_(std::move(fd)) {}

  OwnedFd fd_;
  std::string pending_;
};

/// smtp-sink(1), keeping what it receives. The destination is up while this object lives.
class SmtpSink {
 public:
  explicit SmtpSink(const InetAddress& at);

  /// Recipients of the complete messages so far, sorted.
  [[nodiscard]] std::vector<std::string> recipients() const;
  /// True once that many messages are there.
  [[nodiscard]] bool wait_for(std::size_t messages, milliseconds timeout = patience) const;

 private:
  TempDir messages_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace uflush::support
