function fake_uname(call)
  return 0
end
