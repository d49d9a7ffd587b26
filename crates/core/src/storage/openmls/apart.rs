//! Taking a value apart while it is serialized: openmls hands its values over whole, and serde is the only door to what
//! is in them. Values are visited field by field (or element by element), so that what has not changed is neither
//! written nor even walked over.

use postcard::Error;
use serde::{
    Serialize,
    ser::{Impossible, SerializeSeq, SerializeStruct, Serializer},
};

/// What takes the parts of a struct or of a sequence, in order.
pub(crate) trait Parts {
    /// A field by its name, or an element, whose name is empty.
    fn part<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error>;

    /// How many elements come; not called for structs.
    fn begin(&mut self, _count: usize) -> Result<(), Error> {
        Ok(())
    }

    /// Whether an option holds something, which is not looked into unless this says so.
    fn option(&mut self, _is_some: bool) -> Result<bool, Error> {
        Err(Error::WontImplement)
    }

    /// All parts have come.
    fn end(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// Takes one value apart.
#[inline]
pub(crate) fn take_apart<T: Serialize + ?Sized>(value: &T, parts: &mut impl Parts) -> Result<(), Error> {
    value.serialize(Apart(parts))
}

/// A serializer for structs, sequences and options; anything else is an error.
struct Apart<'a, P>(&'a mut P);

impl<P: Parts> SerializeStruct for Apart<'_, P> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.0.part(name, value)
    }

    fn end(self) -> Result<(), Error> {
        self.0.end()
    }
}

impl<P: Parts> SerializeSeq for Apart<'_, P> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.0.part("", value)
    }

    fn end(self) -> Result<(), Error> {
        self.0.end()
    }
}

/// Methods for shapes that are not taken apart.
macro_rules! refused {
    ($($name:ident($($type:ty),*) -> $ok:ty;)+) => {
        $(fn $name(self, $(_: $type),*) -> Result<$ok, Error> {
            Err(Error::WontImplement)
        })+
    };
}

impl<P: Parts> Serializer for Apart<'_, P> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeStruct = Self;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Impossible<(), Error>;
    type SerializeStructVariant = Impossible<(), Error>;

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_seq(self, count: Option<usize>) -> Result<Self, Error> {
        self.0.begin(count.ok_or(Error::SerializeSeqLengthUnknown)?)?;
        Ok(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Error> {
        self.0.option(false).map(drop)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        if self.0.option(true)? { value.serialize(self) } else { Ok(()) }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        Err(Error::WontImplement)
    }

    refused! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }
}
