import time
def test_a(transform):
    for i in range(3):
        t=time.time()
        o=transform({"x": {"kind": "numeric"},"c":{"kind":"categorical"}}, [{"x": 1.0}, {"x": 3.0}, {}])
        print(time.time()-t)
    print(o)
    assert 0
