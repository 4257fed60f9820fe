#include "tests/sim/sim_proxymap.hpp"

#include <algorithm>
#include <array>

#include <poll.h>
#include <sys/socket.h>

#include "tests/sim/sim.hpp"

namespace uflush {
namespace {

bool is_readable(const Fd& fd) {
  pollfd entry{.fd = fd.get(), .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, 0) > 0;
}

/// The tokens between NULs: names and values in turn, without the end of the list.
std::vector<std::string> tokens_of(std::string_view request) {
  std::vector<std::string> tokens;
  while (!request.empty() && request.front() != '\0') {
    const std::size_t end = request.find('\0');
    tokens.emplace_back(request.substr(0, end));
    request.remove_prefix(end + 1);
  }
  return tokens;
}

std::string reply(const std::vector<std::pair<std::string, std::string>>& attributes) {
  std::string bytes;
  for (const auto& [name, value] : attributes) {
    bytes.append(name).push_back('\0');
    bytes.append(value).push_back('\0');
  }
  bytes.push_back('\0');
  return bytes;
}

/// Names of the attributes of a request, in order.
std::vector<std::string> expected_names(bool lookup, bool is_3_11) {
  if (is_3_11 && lookup) return {"request", "table", "instance_flags", "flags", "key"};
  if (is_3_11) return {"request", "table", "instance_flags"};
  if (lookup) return {"request", "table", "flags", "key"};
  return {"request", "table", "flags"};
}

}  // namespace

SimProxymap::SimProxymap(Sim& sim) : sim_(sim) {
  [[maybe_unused]] const auto made = sim.files.make_directory(current_directory, "private", 0700);
  listener_ = std::make_unique<SimListener>(sim.disk, "private/proxymap");
  sim_.enter(*this);
}

SimProxymap::~SimProxymap() {
  sim_.leave(*this);
}

void SimProxymap::stop_listening() {
  listener_.reset();
  connections_.clear();
}

bool SimProxymap::can_act() const {
  if (!is_awake || !listener_) return false;
  pollfd entry{.fd = listener_->fd(), .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, 0) > 0 ||
         std::any_of(connections_.begin(), connections_.end(),
                     [](const Connection& connection) { return is_readable(connection.fd); });
}

void SimProxymap::act() {
  accept();
  std::erase_if(connections_,
                [&](Connection& connection) { return is_readable(connection.fd) && !read(connection); });
}

void SimProxymap::accept() {
  auto connection = listener_->accept();
  if (!connection) return;
  ++accepted;
  ::send(connection.value().get(), announcement.data(), announcement.size(), MSG_NOSIGNAL);
  connections_.push_back({std::move(connection.value()), {}});
}

bool SimProxymap::read(Connection& connection) {
  std::array<char, 4096> buffer;
  const ssize_t count = ::recv(connection.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count <= 0) return false;
  connection.received.append(buffer.data(), static_cast<std::size_t>(count));
  if (!connection.received.ends_with(std::string_view("\0\0", 2))) return true;
  const std::string answer = reply_to(connection.received);
  connection.received.clear();
  if (dies_at_requests > 0) {
    --dies_at_requests;
    return false;
  }
  ::send(connection.fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
  return true;
}

std::string SimProxymap::reply_to(std::string_view request) {
  const std::vector<std::string> tokens = tokens_of(request);
  const bool lookup = tokens.at(1) == "lookup";
  const std::string& table = tokens.at(3);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < tokens.size(); i += 2) names.push_back(tokens[i]);
  asked.push_back(lookup ? table + ' ' + tokens.back() : table);

  if (names != expected_names(lookup, is_3_11)) return reply({{"status", "3"}, {"flags", "0"}});
  const auto known = tables.find(table);
  if (known == tables.end()) return reply({{"status", "4"}, {"flags", "0"}});
  if (!lookup) {
    const std::string status = std::to_string(std::max(known->second.open_status, 0));
    return reply({{"status", status}, {"flags", known->second.pattern ? "32" : "16"}});
  }
  return found(table, tokens.back());
}

std::string SimProxymap::found(const std::string& table, const std::string& key) const {
  const SimTable& contents = tables.at(table);
  const bool hit = contents.keys.contains(key);
  std::string status = hit ? "0" : "1";
  if (contents.lookup_status >= 0) status = std::to_string(contents.lookup_status);
  if (is_3_11) return reply({{"status", status}, {"flags", "0"}, {"value", hit ? "x" : ""}});
  return reply({{"status", status}, {"value", hit ? "x" : ""}});
}

}  // namespace uflush
