#include "tools/flushbench/requests.hpp"

#include "tests/support/flush_client.hpp"
#include "tools/flushbench/load_generator.hpp"

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

/// Into the last value of a request.
void write_last_id(std::string& request, std::uint64_t number) {
  write_id(request.data() + request.size() - tail_bytes - id_digits, number);
}

}  // namespace

std::string queue_id(std::uint64_t number) {
  std::string id(id_digits, '0');
  write_id(id.data(), number);
  return id;
}

std::vector<std::string> numbered_sites(std::size_t count) {
  std::vector<std::string> sites;
  sites.reserve(count);
  for (std::size_t site = 0; site < count; ++site)
    sites.push_back("site" + std::to_string(site) + ".example");
  return sites;
}

AddRequests::AddRequests(const std::vector<std::string>& sites) {
  requests_.reserve(sites.size());
  for (const std::string& site : sites) requests_.push_back(support::add_request(site, queue_id(0)));
}

std::string_view AddRequests::next() {
  std::string& request = requests_[site_];
  if (++site_ == requests_.size()) site_ = 0;
  write_last_id(request, ++made_);
  return request;
}

SendSiteRequests::SendSiteRequests(const std::vector<std::string>& sites) {
  requests_.reserve(sites.size());
  for (const std::string& site : sites) requests_.push_back(support::send_site_request(site));
}

std::string_view SendSiteRequests::next() {
  const std::string& request = requests_[site_];
  if (++site_ == requests_.size()) site_ = 0;
  return request;
}

std::string_view SendFileRequests::next() {
  if (request_.empty()) request_ = support::send_file_request(queue_id(0));
  write_last_id(request_, made_++);
  return request_;
}

std::unique_ptr<Requests> make_requests(const LoadShape& shape) {
  const std::vector<std::string> sites =
      shape.only_site.empty() ? numbered_sites(shape.sites) : std::vector<std::string>{shape.only_site};
  switch (shape.request) {
    case RequestKind::add:
      return std::make_unique<AddRequests>(sites);
    case RequestKind::send_site:
      return std::make_unique<SendSiteRequests>(sites);
    case RequestKind::send_file:
      return std::make_unique<SendFileRequests>();
  }
  return nullptr;
}

}  // namespace uflush::bench
