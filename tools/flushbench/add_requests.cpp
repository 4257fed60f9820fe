#include "tools/flushbench/add_requests.hpp"

#include "tests/support/flush_client.hpp"

namespace uflush::bench {
namespace {

constexpr std::size_t id_digits = AddRequests::line_bytes - 1;
/// Behind the queue ID: the end of its value and the end of the request.
constexpr std::size_t tail_bytes = 2;

void write_id(char* into, std::uint64_t number) {
  for (std::size_t digit = 0; digit < id_digits; ++digit) {
    into[digit] = "0123456789ABCDEF"[number & 15];
    number >>= 4;
  }
}

}  // namespace

std::string queue_id(std::uint64_t number) {
  std::string id(id_digits, '0');
  write_id(id.data(), number);
  return id;
}

AddRequests::AddRequests(std::size_t sites) {
  for (std::size_t site = 0; site < sites; ++site)
    requests_.push_back(support::add_request("site" + std::to_string(site) + ".example", queue_id(0)));
}

std::string_view AddRequests::next() {
  std::string& request = requests_[site_];
  if (++site_ == requests_.size()) site_ = 0;
  write_id(request.data() + request.size() - tail_bytes - id_digits, ++made_);
  return request;
}

}  // namespace uflush::bench
