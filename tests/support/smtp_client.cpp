#include "tests/support/smtp_client.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/support/failure.hpp"
#include "tests/support/queue_directory.hpp"

namespace uflush::support {
namespace {

OwnedFd try_connect(const InetAddress& server) {
  OwnedFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(server.port));
  if (::inet_pton(AF_INET, server.host.c_str(), &address.sin_addr) != 1) fail("bad address " + server.host);
  constexpr timeval limit{.tv_sec = 10, .tv_usec = 0};  // for connect(2) too
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) fail_errno("setsockopt");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd.reset();
  return fd;
}

}  // namespace

SmtpClient::SmtpClient(const InetAddress& server) : fd_(try_connect(server)) {
  if (!fd_.is_open()) fail_errno("connect " + server.text());
  if (!try_reply(Deadline{patience})) fail("no SMTP greeting");
}

std::optional<SmtpClient> SmtpClient::connect(const InetAddress& server) {
  OwnedFd fd = try_connect(server);
  if (!fd.is_open()) return std::nullopt;
  return SmtpClient{std::move(fd)};
}

std::optional<std::string> SmtpClient::try_reply(const Deadline& deadline) {
  for (;;) {
    const std::size_t end = pending_.find("\r\n");
    if (end != std::string::npos) {
      std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 2);
      if (line.size() < 4 || line[3] != '-') return line;
      continue;
    }
    std::array<char, 4096> piece;
    if (!wait_readable(fd_.get(), deadline)) return std::nullopt;
    const ssize_t count = ::recv(fd_.get(), piece.data(), piece.size(), 0);
    if (count <= 0) return std::nullopt;
    pending_.append(piece.data(), static_cast<std::size_t>(count));
  }
}

std::optional<std::string> SmtpClient::try_command(std::string_view line, const Deadline& deadline) {
  const std::string wire = std::string(line) + "\r\n";
  if (::send(fd_.get(), wire.data(), wire.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(wire.size()))
    return std::nullopt;
  return try_reply(deadline);
}

std::string SmtpClient::command(std::string_view line) {
  std::optional<std::string> reply = try_command(line, Deadline{patience});
  if (!reply) fail("no SMTP reply to " + std::string(line));
  return *std::move(reply);
}

SmtpSink::SmtpSink(const InetAddress& at) {
  const MailOwner owner = mail_owner();
  if (::chown(messages_.path().c_str(), owner.uid, owner.gid) != 0) fail_errno("chown " + messages_.path());
  ProcessSpec spec;
  spec.program = "/usr/sbin/smtp-sink";
  spec.argv = {"smtp-sink", "-u", "postfix", "-R", messages_.path(), "-d", "m.", at.text(), "100"};
  process_ = std::make_unique<ChildProcess>(spec);
  // No event tells that a process has begun to listen.
  const Deadline deadline{patience};
  while (!try_connect(at).is_open()) {
    if (deadline.passed() || process_->wait(5ms)) fail("smtp-sink does not listen on " + at.text());
  }
}

std::vector<std::string> SmtpSink::recipients() const {
  constexpr std::string_view head = "X-Rcpt-Args: <";
  std::vector<std::string> recipients;
  for (const auto& file : std::filesystem::directory_iterator(messages_.path())) {
    const std::string message = read_file(file.path().string());
    const std::size_t start = message.find(head);
    const std::size_t end = message.find('>', start);
    if (start == std::string::npos || end == std::string::npos) continue;
    recipients.push_back(message.substr(start + head.size(), end - start - head.size()));
  }
  std::sort(recipients.begin(), recipients.end());
  return recipients;
}

bool SmtpSink::wait_for(std::size_t messages, milliseconds timeout) const {
  return wait_until(
      {messages_.path()}, [&] { return recipients().size() >= messages; }, timeout);
}

}  // namespace uflush::support
