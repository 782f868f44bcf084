function f(call)
  return 1 +
end
