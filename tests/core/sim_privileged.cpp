#include "tests/core/sim_privileged.hpp"

#include <array>

#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/sim/sim.hpp"

namespace uflush {

using Kind = PrivilegedMessage::Kind;

SimPrivileged::SimPrivileged(Sim& sim) : sim_(sim) {
  std::array<int, 2> ends{};
  FLUSH_ASSERT(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
  ours_.reset(ends[0]);
  daemons_.reset(ends[1]);
  sim_.enter(*this);
}

SimPrivileged::~SimPrivileged() {
  sim_.leave(*this);
}

bool SimPrivileged::can_act() const {
  pollfd entry{.fd = ours_.get(), .events = POLLIN, .revents = 0};
  return is_awake && ours_ && ::poll(&entry, 1, 0) > 0;
}

void SimPrivileged::act() {
  std::array<char, privileged_message_bytes_max> packet;
  const ssize_t count = ::recv(ours_.get(), packet.data(), packet.size(), MSG_DONTWAIT);
  if (count <= 0) return ours_.reset();
  const auto message = decode_privileged({packet.data(), static_cast<std::size_t>(count)});
  FLUSH_ASSERT(message.has_value());
  if (message->kind == Kind::rehearse) {
    ++rehearsals;
    return send({.kind = Kind::rehearsed,
                 .number = message->number,
                 .detail = start_fails.empty() ? 1U : 0U,
                 .text = start_fails});
  }
  FLUSH_ASSERT(message->kind == Kind::look_up && message->detail < tables.size());
  asked.push_back(fmt::format("{} {}", message->detail, message->text));
  const bool found = tables[message->detail].contains(message->text);
  Lookup lookup = found ? Lookup::found : Lookup::not_found;
  if (!broken.empty()) lookup = Lookup::failed;
  send({.kind = Kind::answer,
        .number = message->number,
        .detail = static_cast<std::uint32_t>(lookup),
        .text = broken.empty() ? "x" : broken});
}

void SimPrivileged::say_files_changed() {
  send({.kind = Kind::changed});
}

void SimPrivileged::send(const PrivilegedMessage& message) {
  const std::string packet = encode_privileged(message);
  ::send(ours_.get(), packet.data(), packet.size(), MSG_NOSIGNAL);
}

}  // namespace uflush
