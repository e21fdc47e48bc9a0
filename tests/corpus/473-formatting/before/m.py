def f(a,b):
  return {"x":a,'y':b}
X=[1,2,
3]
